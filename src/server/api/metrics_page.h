/* SPDX-License-Identifier: Apache-2.0 */
/* What the server counts, as a page for Prometheus at a listener of its own (docs/server.md,
 * "Metrics"). */
#ifndef LS_SERVER_API_METRICS_PAGE_H
#define LS_SERVER_API_METRICS_PAGE_H

#include "server/http/handler.h"

/* Of that listener; the context is the struct server. */
extern const struct httpd_handler api_metrics_page_handler;

#endif
