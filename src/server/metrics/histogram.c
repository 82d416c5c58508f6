/* SPDX-License-Identifier: Apache-2.0 */
#include "server/metrics/histogram.h"

static const uint32_t bounds_us[HISTOGRAM_BOUNDS] = {100,   250,   500,   1000,   2500,   5000,
                                                     10000, 25000, 50000, 100000, 500000, 2500000};

uint64_t metrics_histogram_bound_ns(size_t bucket)
{
	return (uint64_t)bounds_us[bucket] * 1000;
}

void metrics_histogram_add(struct histogram *histogram, uint64_t duration_ns)
{
	size_t bucket = 0;

	while (bucket < HISTOGRAM_BOUNDS && duration_ns > metrics_histogram_bound_ns(bucket))
		bucket++;
	histogram->buckets[bucket]++;
	histogram->sum_ns += duration_ns;
}

uint64_t metrics_histogram_count(const struct histogram *histogram)
{
	uint64_t n = 0;

	for (size_t i = 0; i <= HISTOGRAM_BOUNDS; i++)
		n += histogram->buckets[i];
	return n;
}
