/* SPDX-License-Identifier: Apache-2.0 */
/* Which peer needs the clock next: a binary heap of wake-up times, intrusive in its members. A
 * member may wake early, never late: pushing a deadline back costs nothing until it wakes. */
#ifndef LS_WG_DEADLINES_H
#define LS_WG_DEADLINES_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct deadline {
	uint64_t at_ns; /* LS_NEVER: not in the heap */
	size_t slot;    /* of the heap, when in it */
};

struct deadlines {
	struct deadline **heap;
	size_t count;
	size_t cap;
};

void wg_deadlines_done(struct deadlines *all);
void wg_deadline_init(struct deadline *one);
/* Makes room for so many members, so that setting never needs memory. -ENOMEM. */
int wg_deadlines_reserve(struct deadlines *all, size_t members) LS_MUST_CHECK;
/* Wakes at at_ns, whatever was set before; LS_NEVER takes the member out. */
void wg_deadlines_set(struct deadlines *all, struct deadline *one, uint64_t at_ns);
/* The earliest member, NULL when there is none. */
struct deadline *wg_deadlines_first(const struct deadlines *all);

#endif
