/* SPDX-License-Identifier: Apache-2.0 */
/* Host names to addresses without blocking: the hosts file and the name servers of resolv.conf,
 * read anew for each lookup, so that a change of network is seen. Event loop's thread only. */
#ifndef LS_NET_RESOLVE_H
#define LS_NET_RESOLVE_H

#include <stddef.h>

#include "base/error.h"
#include "wire/ip.h"

struct event_base;
struct resolver;
struct lookup;

enum {
	LOOKUP_ADDRESSES_MAX = 8,
};

/* `reason` is NULL on success, else static text; addresses alternate between the families, IPv6
 * first. May be called from inside net_resolver_start. */
typedef void (*lookup_done_fn)(void *arg, const struct ls_ip *addresses, size_t count,
                               const char *reason);

struct resolver *net_resolver_new(struct event_base *base);
/* Lookups under way end without their callbacks; what libevent still holds is freed by the loop's
 * next turns. NULL is fine. */
void net_resolver_free(struct resolver *resolver);
/* Those turns, where the loop is about to end: for streams closed in their own callbacks, too. */
void net_resolver_drain(struct event_base *base);

/* Returns NULL when `done` has already been called. */
struct lookup *net_resolver_start(struct resolver *resolver, const char *host, lookup_done_fn done,
                                  void *arg);
/* Ends it without its callback; NULL is fine. */
void net_lookup_cancel(struct lookup *lookup);

#endif
