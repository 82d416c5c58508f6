/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"

#include <time.h>

/* Systems without CLOCK_BOOTTIME get the monotonic clock; whether that counts time in suspend
 * depends on the system. */
#ifdef CLOCK_BOOTTIME
#define NOW_CLOCK CLOCK_BOOTTIME
#else
#define NOW_CLOCK CLOCK_MONOTONIC
#endif

uint64_t ls_now_ns(void)
{
	struct timespec ts;

	(void)clock_gettime(NOW_CLOCK, &ts);
	return (uint64_t)ts.tv_sec * LS_NS_PER_S + (uint64_t)ts.tv_nsec;
}

int64_t ls_wall_ms(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_REALTIME, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / (long)LS_NS_PER_MS;
}

int64_t ls_wall_s(void)
{
	return (int64_t)time(NULL);
}
