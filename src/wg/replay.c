/* SPDX-License-Identifier: Apache-2.0 */
#include "wg/replay.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

enum {
	WORD_BITS = 64,
	WORDS = REPLAY_WINDOW / WORD_BITS,
};

void wg_replay_done(struct replay *replay)
{
	free(replay->words);
	*replay = (struct replay){0};
}

static bool test_and_set(uint64_t *word, uint64_t counter)
{
	uint64_t bit = UINT64_C(1) << (counter % WORD_BITS);

	if (*word & bit)
		return false;
	*word |= bit;
	return true;
}

/* Clears the bits for the counters from `next` to `counter`, both included. They still hold
 * counters that now leave the window. */
static void slide(struct replay *replay, uint64_t counter)
{
	uint64_t from = replay->next, count = counter - from + 1;

	if (count >= REPLAY_WINDOW) {
		memset(replay->words, 0, WORDS * sizeof(uint64_t));
		return;
	}
	while (count > 0) {
		uint64_t at = from % WORD_BITS;
		uint64_t n = WORD_BITS - at < count ? WORD_BITS - at : count;
		uint64_t bits = n == WORD_BITS ? UINT64_MAX : ((UINT64_C(1) << n) - 1) << at;

		replay->words[from / WORD_BITS % WORDS] &= ~bits;
		from += n;
		count -= n;
	}
}

bool wg_replay_accept(struct replay *replay, uint64_t counter)
{
	assert(counter < UINT64_MAX);
	if (counter < replay->next && replay->next - counter > REPLAY_WINDOW)
		return false;
	if (!replay->words && counter < WORD_BITS) {
		if (!test_and_set(&replay->first, counter))
			return false;
	} else {
		if (!replay->words) {
			replay->words = ls_new_bytes(WORDS * sizeof(uint64_t));
			replay->words[0] = replay->first;
		}
		if (counter >= replay->next)
			slide(replay, counter);
		if (!test_and_set(&replay->words[counter / WORD_BITS % WORDS], counter))
			return false;
	}
	if (counter >= replay->next)
		replay->next = counter + 1;
	return true;
}
