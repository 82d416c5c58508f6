/* SPDX-License-Identifier: Apache-2.0 */
/* Open addressing with linear probing, at most 2/3 full. Removing an entry moves later ones back,
 * so there are no tombstones and look-ups stay short. */
#include "base/map.h"

#include <errno.h>
#include <pthread.h>
#include <sodium.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

enum {
	CAP_MIN = 16
};

struct slot {
	const void *key;
	size_t key_len;
	uint64_t hash;
	void *value; /* NULL: free */
};

struct ls_map {
	struct slot *slots;
	size_t cap; /* power of two */
	size_t count;
};

static unsigned char hash_key[crypto_shorthash_KEYBYTES];
static pthread_once_t hash_key_once = PTHREAD_ONCE_INIT;

static void make_hash_key(void)
{
	crypto_shorthash_keygen(hash_key);
}

static uint64_t hash_bytes(const void *key, size_t len)
{
	unsigned char out[crypto_shorthash_BYTES];
	uint64_t hash;

	(void)crypto_shorthash(out, key, len, hash_key);
	memcpy(&hash, out, sizeof(hash));
	return hash;
}

struct ls_map *ls_map_new(void)
{
	(void)pthread_once(&hash_key_once, make_hash_key);
	return ls_new(struct ls_map);
}

void ls_map_free(struct ls_map *map)
{
	if (!map)
		return;
	free(map->slots);
	free(map);
}

size_t ls_map_count(const struct ls_map *map)
{
	return map->count;
}

/* The slot that has the key, else the free slot where it belongs. The table must have a free
 * slot. */
static struct slot *find(const struct ls_map *map, uint64_t hash, const void *key, size_t len)
{
	size_t i = (size_t)hash & (map->cap - 1);

	for (;; i = (i + 1) & (map->cap - 1)) {
		struct slot *s = &map->slots[i];

		if (!s->value || (s->hash == hash && s->key_len == len &&
		                  (len == 0 || memcmp(s->key, key, len) == 0)))
			return s;
	}
}

static int rehash(struct ls_map *map, size_t cap)
{
	struct ls_map next = {.slots = ls_try_array(cap, sizeof(struct slot)), .cap = cap};

	if (!next.slots)
		return -ENOMEM;
	for (size_t i = 0; i < map->cap; i++) {
		const struct slot *s = &map->slots[i];

		if (s->value)
			*find(&next, s->hash, s->key, s->key_len) = *s;
	}
	free(map->slots);
	map->slots = next.slots;
	map->cap = cap;
	return 0;
}

int ls_map_reserve(struct ls_map *map, size_t entries)
{
	size_t cap = map->cap ? map->cap : CAP_MIN;

	while (entries * 3 > cap * 2)
		cap *= 2;
	return cap > map->cap ? rehash(map, cap) : 0;
}

void *ls_map_get(const struct ls_map *map, const void *key, size_t key_len)
{
	if (map->count == 0)
		return NULL;
	return find(map, hash_bytes(key, key_len), key, key_len)->value;
}

int ls_map_add(struct ls_map *map, const void *key, size_t key_len, void *value)
{
	struct slot *s;
	uint64_t hash;
	int r;

	if ((map->count + 1) * 3 > map->cap * 2) {
		r = rehash(map, map->cap ? map->cap * 2 : CAP_MIN);
		if (r < 0)
			return r;
	}
	hash = hash_bytes(key, key_len);
	s = find(map, hash, key, key_len);
	if (s->value)
		return -EEXIST;
	*s = (struct slot){.key = key, .key_len = key_len, .hash = hash, .value = value};
	map->count++;
	return 0;
}

void *ls_map_remove(struct ls_map *map, const void *key, size_t key_len)
{
	size_t mask = map->cap - 1, hole, i;
	struct slot *s;
	void *value;

	if (map->count == 0)
		return NULL;
	s = find(map, hash_bytes(key, key_len), key, key_len);
	value = s->value;
	if (!value)
		return NULL;
	hole = (size_t)(s - map->slots);
	for (i = (hole + 1) & mask; map->slots[i].value; i = (i + 1) & mask) {
		size_t home = (size_t)map->slots[i].hash & mask;

		/* Move an entry into the hole unless its home lies between the hole and i. */
		if (((i - home) & mask) >= ((i - hole) & mask)) {
			map->slots[hole] = map->slots[i];
			hole = i;
		}
	}
	map->slots[hole] = (struct slot){0};
	map->count--;
	return value;
}

void *ls_map_next(const struct ls_map *map, size_t *cursor)
{
	while (*cursor < map->cap) {
		void *value = map->slots[(*cursor)++].value;

		if (value)
			return value;
	}
	return NULL;
}
