/* SPDX-License-Identifier: Apache-2.0 */
/* What happens when the process has no file descriptor left for a connection. One more is taken all
 * the same, with a descriptor that was kept back, and told 503; and room is made, so that its next
 * try gets in, unless its own source is the one that takes the room (evict.h). One for the process:
 * descriptors are the process's. */
#ifndef LS_SERVER_HTTP_OVERLOAD_H
#define LS_SERVER_HTTP_OVERLOAD_H

#include <event2/listener.h>
#include <stdbool.h>
#include <stdint.h>

#include "server/http/source.h"

struct overload_counts {
	uint64_t turned_away; /* connections that got 503 */
	uint64_t evicted;     /* connections of greedy sources that were ended */
};

/* Of a listener whose callback is set. `plain`: HTTP, where a text can be sent without ado. The
 * connections of proxies are never ended; `proxies` is borrowed as long as the listener lives. */
void httpd_overload_watch(struct evconnlistener *listener, bool plain,
                          const struct source_trust *proxies);

struct overload_counts httpd_overload_counts(void);

#endif
