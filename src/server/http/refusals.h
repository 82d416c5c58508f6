/* SPDX-License-Identifier: Apache-2.0 */
/* evhttp answers requests that it cannot read (no HTTP, headers or body too large, an unknown
 * expectation) with an HTML page of its own, and libevent 2.1 has no hook for that. Such a page is
 * recognised in the connection's output, before any of it is sent, and replaced by the same status
 * with the protocol's JSON error. */
#ifndef LS_SERVER_HTTP_REFUSALS_H
#define LS_SERVER_HTTP_REFUSALS_H

#include <event2/bufferevent.h>

/* Watches a new connection and returns it; takes it over, and NULL is fine. */
struct bufferevent *httpd_refusals_watch(struct bufferevent *connection);

#endif
