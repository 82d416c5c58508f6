/* SPDX-License-Identifier: Apache-2.0 */
/* A histogram of durations. Each bucket counts the durations up to its bound that are longer than
 * the bound before; exposition.c adds them up, as Prometheus needs it. */
#ifndef LS_SERVER_METRICS_HISTOGRAM_H
#define LS_SERVER_METRICS_HISTOGRAM_H

#include <stddef.h>
#include <stdint.h>

enum {
	HISTOGRAM_BOUNDS = 12
};

struct histogram {
	uint64_t buckets[HISTOGRAM_BOUNDS + 1]; /* the last one: longer than every bound */
	uint64_t sum_ns;
};

/* The bound of a bucket, in nanoseconds: from 0.1 ms to 2.5 s. */
uint64_t metrics_histogram_bound_ns(size_t bucket);
void metrics_histogram_add(struct histogram *histogram, uint64_t duration_ns);
uint64_t metrics_histogram_count(const struct histogram *histogram);

#endif
