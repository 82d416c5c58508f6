/* SPDX-License-Identifier: Apache-2.0 */
/* Pseudo-random numbers for tests: the same in every run. */
#ifndef LS_TESTS_CHANCE_H
#define LS_TESTS_CHANCE_H

#include <stdint.h>

struct chance {
	uint64_t state; /* any seed except 0 */
};

/* xorshift64* (Vigna 2016); uniform enough below 2^31. */
static inline unsigned chance_below(struct chance *c, unsigned n)
{
	c->state ^= c->state >> 12;
	c->state ^= c->state << 25;
	c->state ^= c->state >> 27;
	return (unsigned)((c->state * UINT64_C(0x2545f4914f6cdd1d)) >> 33) % n;
}

#endif
