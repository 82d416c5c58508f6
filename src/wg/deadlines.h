/* SPDX-License-Identifier: Apache-2.0 */
/* Finds the peer whose timers are due next: a binary heap of wake-up times, whose members are
 * embedded in their owners. A member may wake too early, never too late: so its owner may postpone
 * a deadline without touching the heap, and sets the new time when it wakes. */
#ifndef LS_WG_DEADLINES_H
#define LS_WG_DEADLINES_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct deadline {
	uint64_t at_ns; /* LS_NEVER when not in the heap */
	size_t slot;    /* its place in the heap */
};

struct deadlines {
	struct deadline **heap;
	size_t count;
	size_t cap;
};

void wg_deadlines_done(struct deadlines *all);
void wg_deadline_init(struct deadline *one);
/* Makes room for `members` members in all, so that wg_deadlines_set never allocates. -ENOMEM. */
int wg_deadlines_reserve(struct deadlines *all, size_t members) LS_MUST_CHECK;
/* Sets the wake-up time, in place of any earlier one. LS_NEVER takes the member out of the heap. */
void wg_deadlines_set(struct deadlines *all, struct deadline *one, uint64_t at_ns);
/* The earliest member, NULL when there is none. */
struct deadline *wg_deadlines_first(const struct deadlines *all);

#endif
