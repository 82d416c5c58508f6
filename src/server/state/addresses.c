/* SPDX-License-Identifier: Apache-2.0 */
#include "server/state/addresses.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum {
	FIRST_HOST = 10,
	FIRST_HOST_SMALL = 1,
	SMALL_BITS = 5, /* a prefix with fewer than 2^5 addresses is small */
	USED_BITS = 24, /* the lowest bits of the host part that the pool uses */
	WORD_BITS = 64,
};

void state_address_pool_init(struct address_pool *pool, const struct ls_prefix *prefix)
{
	unsigned host_bits = (unsigned)ls_family_bits(prefix->ip.family) - prefix->bits;

	*pool = (struct address_pool){.prefix = *prefix};
	pool->first = host_bits < SMALL_BITS ? FIRST_HOST_SMALL : FIRST_HOST;
	if (host_bits > USED_BITS)
		host_bits = USED_BITS;
	pool->last = (UINT32_C(1) << host_bits) - 2;
	pool->lowest = pool->first;
}

void state_address_pool_done(struct address_pool *pool)
{
	free(pool->bits);
	*pool = (struct address_pool){0};
}

static bool is_taken(const struct address_pool *pool, uint32_t offset)
{
	size_t word = offset / WORD_BITS;

	return word < pool->words && (pool->bits[word] >> (offset % WORD_BITS) & 1) != 0;
}

/* An offset has at most USED_BITS bits, so it only changes the last three bytes. */
static struct ls_ip address_at(const struct address_pool *pool, uint32_t offset)
{
	struct ls_ip ip = pool->prefix.ip;
	size_t end = ls_ip_len(&ip);

	for (size_t i = 1; i <= 3; i++) {
		ip.b[end - i] = (uint8_t)(ip.b[end - i] | (offset & 0xff));
		offset >>= 8;
	}
	return ip;
}

static bool offset_of(const struct address_pool *pool, const struct ls_ip *ip, uint32_t *ret)
{
	size_t end = ls_ip_len(ip);
	uint32_t offset = 0;
	struct ls_ip back;

	if (!ls_prefix_contains(&pool->prefix, ip))
		return false;
	for (size_t i = 3; i >= 1; i--) {
		uint8_t own = (uint8_t)(ip->b[end - i] & ~pool->prefix.ip.b[end - i]);

		offset = offset << 8 | own;
	}
	back = address_at(pool, offset);
	if (!ls_ip_equal(&back, ip) || offset < FIRST_HOST_SMALL || offset > pool->last)
		return false;
	*ret = offset;
	return true;
}

/* Makes sure that there is memory for the bit of this offset. */
static int make_room(struct address_pool *pool, uint32_t offset)
{
	size_t words = offset / WORD_BITS + 1, room;
	uint64_t *grown;

	if (words <= pool->words)
		return 0;
	room = words > pool->words * 2 ? words : pool->words * 2;
	grown = reallocarray(pool->bits, room, sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	memset(grown + pool->words, 0, (room - pool->words) * sizeof(*grown));
	pool->bits = grown;
	pool->words = room;
	return 0;
}

int state_address_pool_next(struct address_pool *pool, struct ls_ip *ret)
{
	uint32_t offset = pool->lowest;
	int r;

	while (offset <= pool->last && is_taken(pool, offset)) {
		/* Skip full words: the lowest addresses are taken first. */
		if (offset % WORD_BITS == 0 && pool->bits[offset / WORD_BITS] == UINT64_MAX)
			offset += WORD_BITS;
		else
			offset++;
	}
	pool->lowest = offset;
	if (offset > pool->last)
		return LS_ERROR_CONFLICT;
	r = make_room(pool, offset);
	if (r < 0)
		return r;
	*ret = address_at(pool, offset);
	return 0;
}

int state_address_pool_take(struct address_pool *pool, const struct ls_ip *ip)
{
	uint32_t offset;
	int r;

	if (!offset_of(pool, ip, &offset))
		return LS_ERROR_BAD_VALUE;
	if (is_taken(pool, offset))
		return LS_ERROR_CONFLICT;
	r = make_room(pool, offset);
	if (r < 0)
		return r;
	pool->bits[offset / WORD_BITS] |= UINT64_C(1) << (offset % WORD_BITS);
	return 0;
}

void state_address_pool_release(struct address_pool *pool, const struct ls_ip *ip)
{
	uint32_t offset;

	if (!offset_of(pool, ip, &offset) || !is_taken(pool, offset))
		return;
	pool->bits[offset / WORD_BITS] &= ~(UINT64_C(1) << (offset % WORD_BITS));
	if (offset >= pool->first && offset < pool->lowest)
		pool->lowest = offset;
}
