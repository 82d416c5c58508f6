/* SPDX-License-Identifier: Apache-2.0 */
/* A bucket is stored as the time at which it will be full again (the generic cell rate algorithm).
 * So an entry takes 16 bytes, and an entry with a full bucket is free without any cleaning up. */
#include "wg/ratelimit.h"

#include <assert.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"

enum {
	ROWS = 1024,
	WAYS = 8,
};

#define COST_NS  (LS_NS_PER_S / RATELIMIT_PER_SECOND)
#define DEPTH_NS (RATELIMIT_BURST * COST_NS)

struct bucket {
	uint64_t source; /* hash of the address */
	uint64_t full_ns;
};

struct ratelimit {
	uint8_t key[crypto_shorthash_KEYBYTES];
	struct bucket buckets[ROWS][WAYS];
};

static_assert(sizeof(((struct ratelimit *)0)->key) == 16, "the size that wg_ratelimit_new takes");

struct ratelimit *wg_ratelimit_new(const uint8_t key[static 16])
{
	struct ratelimit *limit = ls_new(struct ratelimit);

	memcpy(limit->key, key, sizeof(limit->key));
	return limit;
}

void wg_ratelimit_free(struct ratelimit *limit)
{
	free(limit);
}

static uint64_t hash_source(const struct ratelimit *limit, const struct ls_ip *source)
{
	uint8_t text[9] = {(uint8_t)source->family}, out[crypto_shorthash_BYTES];
	uint64_t hash;

	memcpy(text + 1, source->b, source->family == LS_FAMILY_V4 ? 4 : 8);
	(void)crypto_shorthash(out, text, sizeof(text), limit->key);
	memcpy(&hash, out, sizeof(hash));
	return hash;
}

bool wg_ratelimit_allow(struct ratelimit *limit, const struct ls_ip *source, uint64_t now_ns)
{
	uint64_t hash = hash_source(limit, source);
	struct bucket *row = limit->buckets[hash % ROWS], *found = NULL;

	for (size_t i = 0; i < WAYS; i++) {
		if (row[i].source == hash && row[i].full_ns > now_ns) {
			found = &row[i];
			break;
		}
		if (row[i].full_ns <= now_ns)
			found = &row[i];
	}
	if (!found)
		return false;
	if (found->full_ns <= now_ns)
		*found = (struct bucket){.source = hash, .full_ns = now_ns};
	if (found->full_ns + COST_NS - now_ns > DEPTH_NS)
		return false;
	found->full_ns += COST_NS;
	return true;
}
