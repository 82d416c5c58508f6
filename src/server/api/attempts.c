/* SPDX-License-Identifier: Apache-2.0 */
#include "server/api/attempts.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

enum {
	SLOTS = 4096,
	BURST = 30,
};

struct slot {
	int64_t at_s;    /* when `failed` was last updated */
	uint32_t failed; /* decreases by one per second */
};

struct attempts {
	unsigned char key[crypto_shorthash_KEYBYTES];
	struct slot slots[SLOTS];
};

struct attempts *api_attempts_new(void)
{
	struct attempts *attempts = ls_new(struct attempts);

	crypto_shorthash_keygen(attempts->key);
	return attempts;
}

void api_attempts_free(struct attempts *attempts)
{
	free(attempts);
}

static struct slot *slot_of(struct attempts *attempts, enum attempts_door door,
                            const struct ls_ip *source, int64_t now_s)
{
	struct ls_ip whole = ls_ip_source(source);
	unsigned char in[2 + sizeof(whole.b)] = {(unsigned char)door, (unsigned char)whole.family};
	unsigned char out[crypto_shorthash_BYTES];
	uint64_t hash, forgiven;
	struct slot *slot;

	memcpy(in + 2, whole.b, sizeof(whole.b));
	(void)crypto_shorthash(out, in, sizeof(in), attempts->key);
	memcpy(&hash, out, sizeof(hash));
	slot = &attempts->slots[hash % SLOTS];
	forgiven = now_s > slot->at_s ? (uint64_t)(now_s - slot->at_s) : 0;
	slot->failed = forgiven >= slot->failed ? 0 : slot->failed - (uint32_t)forgiven;
	slot->at_s = now_s;
	return slot;
}

unsigned api_attempts_wait_s(struct attempts *attempts, enum attempts_door door,
                             const struct ls_ip *source, int64_t now_s)
{
	uint32_t failed = slot_of(attempts, door, source, now_s)->failed;

	return failed < BURST ? 0 : failed - BURST + 1;
}

void api_attempts_failed(struct attempts *attempts, enum attempts_door door,
                         const struct ls_ip *source, int64_t now_s)
{
	struct slot *slot = slot_of(attempts, door, source, now_s);

	if (slot->failed < BURST)
		slot->failed++;
}
