/* SPDX-License-Identifier: Apache-2.0 */
/* Resolves host names without blocking, as getaddrinfo(3) does: from the hosts file, then from the
 * name servers of resolv.conf with its search list and options, in the order of nsswitch.conf. Each
 * lookup reads these files again, so that it sees a change of network. Both families are asked at
 * the same time; the addresses of one are reported when the other takes longer than a moment (RFC
 * 8305 3). Event loop's thread only. */
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
	LOOKUP_ADDRESSES_MAX = 8, /* of one answer; a lookup has at most two answers */
	LOOKUP_TIMEOUT_MS = 6000, /* then the last answer comes, with the addresses found so far */
	LOOKUP_DELAY_MS = 50,     /* RFC 8305 8: Resolution Delay */
};

/* An answer of a lookup, which has one or two. The first one has addresses, unless it is also the
 * last. */
struct lookup_answer {
	const struct ls_ip
	        *addresses; /* the families alternate, IPv6 first; never reported twice */
	size_t count;
	const char *reason; /* static text, set when no answer had an address; else NULL */
	bool last;          /* no other follows, and the lookup is freed already */
};

/* Never called inside net_resolver_start. It may cancel the lookup and free the resolver. */
typedef void (*lookup_answer_fn)(void *arg, const struct lookup_answer *answer);

/* `mark` is for all its sockets, as for net_socket_open; 0: none. */
struct resolver *net_resolver_new(struct event_base *base, uint32_t mark);
/* Cancels running lookups without calling their callbacks. NULL is fine. */
void net_resolver_free(struct resolver *resolver);

/* Starts a lookup. `host` is a name or a numeric address that control/url or proto/names has
 * checked. */
struct lookup *net_resolver_start(struct resolver *resolver, const char *host,
                                  lookup_answer_fn done, void *arg);
/* Cancels the lookup; no further callback comes. NULL is fine. */
void net_lookup_cancel(struct lookup *lookup);

#endif
