/* SPDX-License-Identifier: Apache-2.0 */
#include "base/stamps.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "base/mem.h"

enum {
	SLOWER = 4, /* than time, while the wall clock is behind */
};

struct ls_stamps {
	pthread_mutex_t lock;
	struct ls_stamp stamp;
};

uint64_t ls_stamp_next(struct ls_stamp *stamp, uint64_t wall_ns, uint64_t steady_ns)
{
	if (steady_ns > stamp->steady_ns) {
		stamp->value_ns += (steady_ns - stamp->steady_ns) / SLOWER;
		stamp->steady_ns = steady_ns;
	}
	if (wall_ns > stamp->value_ns)
		stamp->value_ns = wall_ns;
	return stamp->value_ns;
}

struct ls_stamps *ls_stamps_new(int64_t floor_s)
{
	struct ls_stamps *stamps = ls_new(struct ls_stamps);

	(void)pthread_mutex_init(&stamps->lock, NULL);
	stamps->stamp.steady_ns = ls_now_ns();
	if (floor_s > 0 && floor_s < LS_STAMPS_FLOOR_MAX_S)
		stamps->stamp.value_ns = (uint64_t)floor_s * LS_NS_PER_S;
	return stamps;
}

void ls_stamps_free(struct ls_stamps *stamps)
{
	if (!stamps)
		return;
	(void)pthread_mutex_destroy(&stamps->lock);
	free(stamps);
}

uint64_t ls_stamps_now_ns(struct ls_stamps *stamps)
{
	struct timespec wall = {0};
	uint64_t wall_ns, ret;

	(void)pthread_mutex_lock(&stamps->lock);
	(void)clock_gettime(CLOCK_REALTIME, &wall);
	wall_ns =
	        wall.tv_sec < 0 ? 0 : (uint64_t)wall.tv_sec * LS_NS_PER_S + (uint64_t)wall.tv_nsec;
	ret = ls_stamp_next(&stamps->stamp, wall_ns, ls_now_ns());
	(void)pthread_mutex_unlock(&stamps->lock);
	return ret;
}
