/* SPDX-License-Identifier: Apache-2.0 */
/* The wall clock, compared with the steady one. Ages of keys and times of expiry are Unix times, so
 * they depend on the wall clock, which somebody may set while the server runs. */
#ifndef LS_SERVER_STATE_CLOCK_H
#define LS_SERVER_STATE_CLOCK_H

#include <stdint.h>

enum {
	STATE_CLOCK_JUMP_MS = 1000, /* the wall clock is off by this: it was set */
	STATE_CLOCK_DRIFT = 500,    /* 1 ms in this many may be drift */
};

/* Where both clocks were at some time. */
struct state_clock {
	int64_t wall_ms;   /* 0: no reading yet */
	int64_t steady_ms; /* of a clock that nobody sets and that goes on in suspend */
};

/* Takes a reading of both clocks and returns by how many ms somebody has set the wall clock since
 * the readings before; 0: nobody has. It follows a wall clock that drifts; small steps add up. */
int64_t state_clock_read(struct state_clock *clock, int64_t wall_ms, int64_t steady_ms);

#endif
