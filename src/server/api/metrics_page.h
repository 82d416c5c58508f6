/* SPDX-License-Identifier: Apache-2.0 */
/* What the server counts, as a page for Prometheus at a listener of its own (docs/server.md,
 * "Metrics"). */
#ifndef LS_SERVER_API_METRICS_PAGE_H
#define LS_SERVER_API_METRICS_PAGE_H

#include <event2/http.h>

/* evhttp's callback for that listener; `arg` is the server. */
void api_metrics_page_dispatch(struct evhttp_request *request, void *arg);

#endif
