/* SPDX-License-Identifier: Apache-2.0 */
#include "wg/deadlines.h"

#include <assert.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/mem.h"

void wg_deadlines_done(struct deadlines *all)
{
	free(all->heap);
	*all = (struct deadlines){0};
}

void wg_deadline_init(struct deadline *one)
{
	*one = (struct deadline){.at_ns = LS_NEVER};
}

int wg_deadlines_reserve(struct deadlines *all, size_t members)
{
	void *array = all->heap;
	int r = ls_try_grow(&array, &all->cap, members, sizeof(*all->heap));

	if (r == 0)
		all->heap = array;
	return r;
}

static void put(struct deadlines *all, size_t slot, struct deadline *one)
{
	all->heap[slot] = one;
	one->slot = slot;
}

static void sift_up(struct deadlines *all, size_t slot)
{
	struct deadline *one = all->heap[slot];

	while (slot > 0 && all->heap[(slot - 1) / 2]->at_ns > one->at_ns) {
		put(all, slot, all->heap[(slot - 1) / 2]);
		slot = (slot - 1) / 2;
	}
	put(all, slot, one);
}

static void sift_down(struct deadlines *all, size_t slot)
{
	struct deadline *one = all->heap[slot];

	for (;;) {
		size_t child = 2 * slot + 1;

		if (child + 1 < all->count && all->heap[child + 1]->at_ns < all->heap[child]->at_ns)
			child++;
		if (child >= all->count || all->heap[child]->at_ns >= one->at_ns)
			break;
		put(all, slot, all->heap[child]);
		slot = child;
	}
	put(all, slot, one);
}

static void take_out(struct deadlines *all, struct deadline *one)
{
	size_t slot = one->slot;
	struct deadline *last = all->heap[--all->count];

	if (last == one)
		return;
	put(all, slot, last);
	sift_up(all, slot);
	sift_down(all, last->slot);
}

void wg_deadlines_set(struct deadlines *all, struct deadline *one, uint64_t at_ns)
{
	uint64_t was_ns = one->at_ns;

	one->at_ns = at_ns;
	assert(was_ns == LS_NEVER || all->heap[one->slot] == one);
	if (was_ns == LS_NEVER && at_ns != LS_NEVER) {
		assert(all->count < all->cap); /* wg_deadlines_reserve made room */
		put(all, all->count++, one);
		sift_up(all, one->slot);
	} else if (was_ns != LS_NEVER && at_ns == LS_NEVER) {
		take_out(all, one);
	} else if (at_ns < was_ns) {
		sift_up(all, one->slot);
	} else if (at_ns > was_ns) {
		sift_down(all, one->slot);
	}
}

struct deadline *wg_deadlines_first(const struct deadlines *all)
{
	return all->count > 0 ? all->heap[0] : NULL;
}
