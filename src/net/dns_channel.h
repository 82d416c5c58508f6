/* SPDX-License-Identifier: Apache-2.0 */
/* A c-ares channel on the event loop: c-ares implements DNS and reads the host's files; this file
 * gives it sockets, events and timers. Internal to net/. Event loop's thread only.
 *
 * A channel reads resolv.conf, nsswitch.conf and the other files when it is made, and never
 * again. */
#ifndef LS_NET_DNS_CHANNEL_H
#define LS_NET_DNS_CHANNEL_H

/* Version 1.34 deprecates ares_set_socket_functions for a function that older versions lack. */
#define CARES_NO_DEPRECATED
#include <ares.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

struct event_base;
struct net_dns_channel;

/* c-ares has processed all events, and may have called callbacks of queries. The callee calls
 * net_dns_channel_wait or frees the channel. */
typedef void (*net_dns_turned_fn)(void *arg);

/* With `base` NULL the channel has no sockets, and each query ends before it returns: with the
 * addresses of the hosts file, or with a failure. `mark` is as for net_socket_open. NULL when out
 * of memory. */
struct net_dns_channel *net_dns_channel_new(struct event_base *base, uint32_t mark,
                                            net_dns_turned_fn turned, void *arg) LS_MUST_CHECK;
/* Ends running queries with ARES_EDESTRUCTION, inside this call. NULL is fine. */
void net_dns_channel_free(struct net_dns_channel *channel);

/* For starting queries; call net_dns_channel_wait after that. */
ares_channel net_dns_channel_ares(const struct net_dns_channel *channel);
/* Sets the timer for the next timeout of c-ares. */
void net_dns_channel_wait(struct net_dns_channel *channel);

/* True after a name server has sent anything. */
bool net_dns_channel_heard(const struct net_dns_channel *channel);
/* True when resolv.conf names a name server. Without one, c-ares asks the local host. */
bool net_dns_channel_has_server(const struct net_dns_channel *channel);

#endif
