/* SPDX-License-Identifier: Apache-2.0 */
#include "server/metrics/exposition.h"

#include <inttypes.h>
#include <stdarg.h>

#include "base/clock.h"

static void put(struct exposition *e, const char *fmt, ...) LS_PRINTF(2, 3);

static void put(struct exposition *e, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	e->failed = evbuffer_add_vprintf(e->out, fmt, ap) < 0 || e->failed;
	va_end(ap);
}

void metrics_exposition_head(struct exposition *e, const char *family, const char *type,
                             const char *help)
{
	e->family = family;
	put(e, "# HELP %s %s\n# TYPE %s %s\n", family, help, family, type);
}

void metrics_exposition_number(struct exposition *e, uint64_t value)
{
	put(e, "%s %" PRIu64 "\n", e->family, value);
}

void metrics_exposition_labelled(struct exposition *e, uint64_t value, const char *labels, ...)
{
	va_list ap;

	put(e, "%s{", e->family);
	va_start(ap, labels);
	e->failed = evbuffer_add_vprintf(e->out, labels, ap) < 0 || e->failed;
	va_end(ap);
	put(e, "} %" PRIu64 "\n", value);
}

/* Uses integers: a double cannot hold large sums to the nanosecond. */
static void put_seconds(struct exposition *e, uint64_t ns)
{
	put(e, "%" PRIu64 ".%09" PRIu64 "\n", ns / LS_NS_PER_S, ns % LS_NS_PER_S);
}

void metrics_exposition_seconds(struct exposition *e, uint64_t ns)
{
	put(e, "%s ", e->family);
	put_seconds(e, ns);
}

void metrics_exposition_histogram(struct exposition *e, const struct histogram *histogram)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < HISTOGRAM_BOUNDS; i++) {
		sum += histogram->buckets[i];
		put(e, "%s_bucket{le=\"%g\"} %" PRIu64 "\n", e->family,
		    (double)metrics_histogram_bound_ns(i) / 1e9, sum);
	}
	put(e, "%s_bucket{le=\"+Inf\"} %" PRIu64 "\n", e->family,
	    metrics_histogram_count(histogram));
	put(e, "%s_sum ", e->family);
	put_seconds(e, histogram->sum_ns);
	put(e, "%s_count %" PRIu64 "\n", e->family, metrics_histogram_count(histogram));
}
