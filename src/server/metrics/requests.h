/* SPDX-License-Identifier: Apache-2.0 */
/* Counts the answered requests by route and status. */
#ifndef LS_SERVER_METRICS_REQUESTS_H
#define LS_SERVER_METRICS_REQUESTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/endpoints.h"

enum {
	REQUESTS_ROUTES = PROTO_ENDPOINTS + 1, /* the last one: requests that match no endpoint */
	REQUESTS_STATUSES = 13,
};

struct requests {
	uint64_t counts[REQUESTS_ROUTES][REQUESTS_STATUSES];
};

void metrics_requests_count(struct requests *requests, size_t route, int status);
/* Gives the statuses of a route that have a count above 0, one per call. Start with *cursor = 0;
 * false at the end. Status 0 stands for every status that docs/protocol.md does not list. */
bool metrics_requests_next(const struct requests *requests, size_t route, size_t *cursor,
                           int *ret_status, uint64_t *ret_count);

#endif
