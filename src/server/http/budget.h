/* SPDX-License-Identifier: Apache-2.0 */
/* Counts the memory of requests that are not read yet, and of answers that are not sent yet, for
 * all connections together (httpd_limits.memory). evict.h makes room when it is too much. When much
 * of it was freed, the heap is given back to the system. */
#ifndef LS_SERVER_HTTP_BUDGET_H
#define LS_SERVER_HTTP_BUDGET_H

#include "server/http/front.h"

/* -ENOMEM. */
int httpd_budget_init(struct httpd *httpd) LS_MUST_CHECK;
void httpd_budget_done(struct httpd *httpd);

/* Counts again what the connection holds. Called when that, or `known`, may have changed. */
void httpd_budget_count(struct httpd_connection *conn);
/* True when there is too much, of all connections or of those like this one. */
bool httpd_budget_exceeded(const struct httpd_connection *conn);

#endif
