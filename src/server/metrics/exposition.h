/* SPDX-License-Identifier: Apache-2.0 */
/* Writes the Prometheus text format, version 0.0.4. A family is a head and then its samples. When
 * memory runs out, `failed` is set. */
#ifndef LS_SERVER_METRICS_EXPOSITION_H
#define LS_SERVER_METRICS_EXPOSITION_H

#include <event2/buffer.h>
#include <stdbool.h>

#include "base/error.h"
#include "server/metrics/histogram.h"

#define EXPOSITION_MEDIA "text/plain; version=0.0.4; charset=utf-8"

struct exposition {
	struct evbuffer *out;
	const char *family; /* from the last head */
	bool failed;
};

/* `type` is "counter", "gauge" or "histogram"; `help` is one sentence. */
void metrics_exposition_head(struct exposition *e, const char *family, const char *type,
                             const char *help);
/* Writes one sample of the family, without labels. */
void metrics_exposition_number(struct exposition *e, uint64_t value);
/* The same with labels: name="value",..; nothing in the values is escaped. */
void metrics_exposition_labelled(struct exposition *e, uint64_t value, const char *labels, ...)
        LS_PRINTF(3, 4);
void metrics_exposition_seconds(struct exposition *e, uint64_t ns);
void metrics_exposition_histogram(struct exposition *e, const struct histogram *histogram);

#endif
