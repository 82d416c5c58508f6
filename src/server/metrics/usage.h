/* SPDX-License-Identifier: Apache-2.0 */
/* The metrics of the process that Prometheus expects of each program: process_cpu_seconds_total,
 * .. */
#ifndef LS_SERVER_METRICS_USAGE_H
#define LS_SERVER_METRICS_USAGE_H

#include "server/metrics/exposition.h"

/* Leaves out a metric when the host does not give its value. */
void metrics_usage_put(struct exposition *e);

#endif
