/* SPDX-License-Identifier: Apache-2.0 */
#include "server/metrics/requests.h"

/* All statuses in docs/protocol.md; 0 stands for any other. */
static const int statuses[REQUESTS_STATUSES] = {0,   200, 204, 304, 400, 401, 404,
                                                405, 409, 413, 429, 500, 503};

void metrics_requests_count(struct requests *requests, size_t route, int status)
{
	size_t at = REQUESTS_STATUSES - 1;

	while (at > 0 && statuses[at] != status)
		at--;
	requests->counts[route < REQUESTS_ROUTES ? route : REQUESTS_ROUTES - 1][at]++;
}

bool metrics_requests_next(const struct requests *requests, size_t route, size_t *cursor,
                           int *ret_status, uint64_t *ret_count)
{
	for (; *cursor < REQUESTS_STATUSES; (*cursor)++) {
		uint64_t count = requests->counts[route][*cursor];

		if (count == 0)
			continue;
		*ret_status = statuses[(*cursor)++];
		*ret_count = count;
		return true;
	}
	return false;
}
