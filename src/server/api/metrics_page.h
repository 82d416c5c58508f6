/* SPDX-License-Identifier: Apache-2.0 */
/* The server's metrics as a page for Prometheus, at their own listener (docs/server.md, "Metrics").
 */
#ifndef LS_SERVER_API_METRICS_PAGE_H
#define LS_SERVER_API_METRICS_PAGE_H

#include "server/http/handler.h"

/* For the listeners of --metrics-listen; the context is the struct server. */
extern const struct httpd_handler api_metrics_page_handler;

#endif
