/* SPDX-License-Identifier: Apache-2.0 */
/* The families that every program has at Prometheus: process_cpu_seconds_total, .. */
#ifndef LS_SERVER_METRICS_USAGE_H
#define LS_SERVER_METRICS_USAGE_H

#include "server/metrics/exposition.h"

/* Those that the host does not tell are left out. */
void metrics_usage_put(struct exposition *e);

#endif
