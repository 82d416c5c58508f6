/* SPDX-License-Identifier: Apache-2.0 */
/* Host names to addresses without blocking, as getaddrinfo(3) finds them: the hosts file, then the
 * name servers of resolv.conf with its search list and options, in the order of nsswitch.conf. All
 * of these files are read anew for each lookup, so that a change of network is seen. Both families
 * are asked side by side, and what one has is told when the other takes more than a moment
 * (RFC 8305 3). Event loop's thread only. */
#ifndef LS_NET_RESOLVE_H
#define LS_NET_RESOLVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "wire/ip.h"

struct event_base;
struct resolver;
struct lookup;

enum {
	LOOKUP_ADDRESSES_MAX = 8, /* of one answer; there are two at most */
	LOOKUP_TIMEOUT_MS = 6000, /* then the last answer comes, with what there is */
	LOOKUP_DELAY_MS = 50,     /* RFC 8305 8: Resolution Delay */
};

/* What a lookup has found. There are one or two: the first has addresses, unless it is the last. */
struct lookup_answer {
	const struct ls_ip *addresses; /* the families alternate, IPv6 first; none of them twice */
	size_t count;
	const char *reason; /* static text: why no answer had an address; else NULL */
	bool last;          /* the lookup is gone */
};

/* Never from inside net_resolver_start. The lookup may be cancelled and the resolver be freed from
 * inside of it. */
typedef void (*lookup_answer_fn)(void *arg, const struct lookup_answer *answer);

/* `mark`: of all its sockets, as for net_socket_open; 0: none. */
struct resolver *net_resolver_new(struct event_base *base, uint32_t mark);
/* Lookups under way end without their callbacks. NULL is fine. */
void net_resolver_free(struct resolver *resolver);

/* `host` is a name or a numeric address, as control/url and proto/names check them. */
struct lookup *net_resolver_start(struct resolver *resolver, const char *host,
                                  lookup_answer_fn done, void *arg);
/* Ends it without a further callback; NULL is fine. */
void net_lookup_cancel(struct lookup *lookup);

#endif
