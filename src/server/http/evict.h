/* SPDX-License-Identifier: Apache-2.0 */
/* Ends connections to make room for others, in the order of rank.h. */
#ifndef LS_SERVER_HTTP_EVICT_H
#define LS_SERVER_HTTP_EVICT_H

#include <stdbool.h>

#include "server/http/front.h"

/* Makes room for a new connection: ends the oldest one without a credential, or else the oldest
 * idle one, or else the one whose request or answer is under way the longest. While those without a
 * credential hold less than their share (HTTP_STRANGERS_KEEP), the oldest idle one goes first:
 * otherwise whoever has one credential could hold all connections but one, and each newcomer would
 * end the newcomer before. False when the handler is at work for all. Must not be called from a
 * callback of a connection. */
bool httpd_evict_for_connection(struct httpd *httpd);
/* Ends the oldest connection without a credential. False when there is none, or all are at work. */
bool httpd_evict_stranger(struct httpd *httpd);
/* Makes room in the budget for what `conn` holds: ends the oldest unfinished requests without a
 * credential that hold much, then those that hold little, then the oldest of others. So large
 * bodies do not push out small ones, which a registration has. False when `conn` itself has to
 * leave. */
bool httpd_evict_for_memory(struct httpd_connection *conn);

#endif
