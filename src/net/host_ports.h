/* SPDX-License-Identifier: Apache-2.0 */
/* A list of "host:port", whose names are looked up, as a list of addresses with ports. It asks
 * again from time to time, because names get other addresses. Event loop's thread only. */
#ifndef LS_NET_HOST_PORTS_H
#define LS_NET_HOST_PORTS_H

#include <stdbool.h>

#include "base/string_list.h"
#include "net/resolve.h"
#include "proto/limits.h"

struct event_base;
struct net_host_ports;

struct net_host_ports_handler {
	/* A name has got addresses, or other ones. Never called inside net_host_ports_refresh. */
	void (*changed)(void *arg);
	/* A lookup has failed; `first`: the one before had not. What the name had before stays. May
	 * be NULL. */
	void (*failed)(void *arg, const char *host_port, const char *reason, bool first);
	void *arg;
};

/* Takes copies of at most LIMIT_ENDPOINTS items, which proto_name_check_host_port has checked. */
struct net_host_ports *net_host_ports_new(struct event_base *base, struct string_list list,
                                          const struct net_host_ports_handler *handler);
/* Cancels lookups without calling the handler. NULL is fine. */
void net_host_ports_free(struct net_host_ports *ports);

/* Looks up the names that have no addresses yet, and those whose addresses are older than some
 * seconds. */
void net_host_ports_refresh(struct net_host_ports *ports);
/* Lookups are running. */
bool net_host_ports_pending(const struct net_host_ports *ports);
/* The addresses that are known, without duplicates, in the order of the list; those of one name are
 * in the order of ls_ip_compare. Valid until the next call or event. */
struct string_list net_host_ports_endpoints(struct net_host_ports *ports);

/* Looks all names up and waits for it. Runs its own event loop, so it must not be used inside
 * another loop's callbacks. Only `failed` of the handler is called. NULL: out of memory. */
struct net_host_ports *net_host_ports_resolve(struct string_list list,
                                              const struct net_host_ports_handler *handler);

#endif
