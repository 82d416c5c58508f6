/* SPDX-License-Identifier: Apache-2.0 */
/* A c-ares channel on the event loop: c-ares knows DNS and the host's files, this gives it sockets,
 * readiness and time. Inside of net/ only. Event loop's thread only.
 *
 * A channel reads resolv.conf, nsswitch.conf and the rest when it is made, and never again. */
#ifndef LS_NET_DNS_CHANNEL_H
#define LS_NET_DNS_CHANNEL_H

/* Version 1.34 has another function in place of ares_set_socket_functions, which those before have
 * not. */
#define CARES_NO_DEPRECATED
#include <ares.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

struct event_base;
struct net_dns_channel;

/* c-ares has done what there was to do, and may have called callbacks of queries. The callee calls
 * net_dns_channel_wait, or frees the channel. */
typedef void (*net_dns_turned_fn)(void *arg);

/* `base` NULL: a channel without sockets, which ends each query before it returns, with what the
 * hosts file says or without success. `mark` as for net_socket_open. NULL when memory is gone. */
struct net_dns_channel *net_dns_channel_new(struct event_base *base, uint32_t mark,
                                            net_dns_turned_fn turned, void *arg) LS_MUST_CHECK;
/* Queries under way end inside of it, with ARES_EDESTRUCTION. NULL is fine. */
void net_dns_channel_free(struct net_dns_channel *channel);

/* To start queries on; net_dns_channel_wait comes after them. */
ares_channel net_dns_channel_ares(const struct net_dns_channel *channel);
/* Has c-ares woken when its next query times out. */
void net_dns_channel_wait(struct net_dns_channel *channel);

/* True once a name server has sent anything. */
bool net_dns_channel_heard(const struct net_dns_channel *channel);
/* True when resolv.conf names a name server; without one the local host is asked. */
bool net_dns_channel_has_server(const struct net_dns_channel *channel);

#endif
