/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"

#include <time.h>

uint64_t ls_now_ns(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_BOOTTIME, &ts);
	return (uint64_t)ts.tv_sec * LS_NS_PER_S + (uint64_t)ts.tv_nsec;
}

int64_t ls_wall_s(void)
{
	return (int64_t)time(NULL);
}
