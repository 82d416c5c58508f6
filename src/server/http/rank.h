/* SPDX-License-Identifier: Apache-2.0 */
/* The order in which connections leave when there is no room. Each connection that may leave is in
 * one list, its rank; within a rank, the one that has been in its state the longest comes first. So
 * bytes now and then keep nobody in, and it does not matter from which address somebody comes. (The
 * time begins anew, once, when a connection without a credential begins to hold much memory.) */
#ifndef LS_SERVER_HTTP_RANK_H
#define LS_SERVER_HTTP_RANK_H

#include "server/http/front.h"

/* Puts the connection at the end of the rank that fits its state. Called when the state changes, or
 * what the connection holds in the budget passes HTTP_LARGE. */
void httpd_rank_set(struct httpd_connection *conn);
/* The connection of a rank that leaves first; NULL: there is none. */
struct httpd_connection *httpd_rank_first(struct httpd *httpd, enum httpd_rank rank);

#endif
