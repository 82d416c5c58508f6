/* SPDX-License-Identifier: Apache-2.0 */
/* Requests that were answered, by route and status. */
#ifndef LS_SERVER_METRICS_REQUESTS_H
#define LS_SERVER_METRICS_REQUESTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/endpoints.h"

enum {
	REQUESTS_ROUTES = PROTO_ENDPOINTS + 1, /* the last one: paths that are no endpoint */
	REQUESTS_STATUSES = 13,
};

struct requests {
	uint64_t counts[REQUESTS_ROUTES][REQUESTS_STATUSES];
};

void metrics_requests_count(struct requests *requests, size_t route, int status);
/* Walks the statuses that a route was answered with: start with *cursor = 0; false at the end. A
 * status that no route should have is 0. */
bool metrics_requests_next(const struct requests *requests, size_t route, size_t *cursor,
                           int *ret_status, uint64_t *ret_count);

#endif
