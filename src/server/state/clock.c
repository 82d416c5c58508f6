/* SPDX-License-Identifier: Apache-2.0 */
#include "server/state/clock.h"

#include <stdbool.h>

enum {
	FOLLOW_MS = 1000 /* with shorter times, the drift would be rounded to nothing */
};

int64_t state_clock_read(struct state_clock *clock, int64_t wall_ms, int64_t steady_ms)
{
	bool first = clock->wall_ms == 0;
	int64_t passed = steady_ms > clock->steady_ms ? steady_ms - clock->steady_ms : 0;
	int64_t drift = passed / STATE_CLOCK_DRIFT;
	int64_t expected = clock->wall_ms + passed, off = wall_ms - expected;

	if (first || off >= STATE_CLOCK_JUMP_MS || off <= -STATE_CLOCK_JUMP_MS) {
		*clock = (struct state_clock){.wall_ms = wall_ms, .steady_ms = steady_ms};
		return first ? 0 : off;
	}
	if (passed < FOLLOW_MS)
		return 0;
	if (off > drift)
		off = drift;
	else if (off < -drift)
		off = -drift;
	*clock = (struct state_clock){.wall_ms = expected + off, .steady_ms = steady_ms};
	return 0;
}
