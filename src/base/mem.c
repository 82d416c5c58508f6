/* SPDX-License-Identifier: Apache-2.0 */
#include "base/mem.h"

#include <errno.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum {
	ARENA_ALIGN = 16,
	ARENA_BLOCK = 16384,
	GIVE_BACK_MIN = 4 << 20, /* less is soon used again */
};

struct block {
	struct block *next;
	size_t used;
	size_t cap;
	_Alignas(ARENA_ALIGN) unsigned char bytes[];
};

struct ls_arena {
	struct block *head;
	size_t used;
	size_t max;
};

void *ls_new_bytes(size_t size)
{
	void *p = calloc(1, size);

	if (!p)
		abort();
	return p;
}

char *ls_strdup(const char *s)
{
	char *copy = strdup(s);

	if (!copy)
		abort();
	return copy;
}

void *ls_try_array(size_t n, size_t size)
{
	return calloc(n ? n : 1, size);
}

int ls_try_grow(void **array, size_t *cap, size_t need, size_t size)
{
	size_t want = *cap ? *cap : 8;
	size_t bytes;
	void *grown;

	if (need <= *cap)
		return 0;
	while (want < need) {
		if (want > SIZE_MAX / 2)
			return -ENOMEM;
		want *= 2;
	}
	if (__builtin_mul_overflow(want, size, &bytes))
		return -ENOMEM;
	grown = realloc(*array, bytes);
	if (!grown)
		return -ENOMEM;
	*array = grown;
	*cap = want;
	return 0;
}

struct ls_arena *ls_arena_new(size_t max_bytes)
{
	struct ls_arena *arena = ls_new(struct ls_arena);

	arena->max = max_bytes;
	return arena;
}

void ls_arena_free(struct ls_arena *arena)
{
	if (!arena)
		return;
	for (struct block *b = arena->head, *next; b; b = next) {
		next = b->next;
		free(b);
	}
	free(arena);
}

static struct block *add_block(struct ls_arena *arena, size_t need)
{
	size_t cap = need > ARENA_BLOCK / 4 ? need : ARENA_BLOCK;
	struct block *b = malloc(sizeof(*b) + cap);

	if (!b)
		return NULL;
	b->used = 0;
	b->cap = cap;
	if (arena->head && need > ARENA_BLOCK / 4) {
		/* A large object gets a block of its own, after the block that is still being
		 * filled. */
		b->next = arena->head->next;
		arena->head->next = b;
	} else {
		b->next = arena->head;
		arena->head = b;
	}
	return b;
}

void *ls_arena_alloc(struct ls_arena *arena, size_t n, size_t size)
{
	struct block *b = arena->head;
	size_t bytes;
	void *p;

	if (__builtin_mul_overflow(n, size, &bytes) || bytes > SIZE_MAX - ARENA_ALIGN)
		return NULL;
	bytes = (bytes + ARENA_ALIGN - 1) & ~(size_t)(ARENA_ALIGN - 1);
	if (bytes > arena->max - arena->used)
		return NULL;
	if (!b || b->cap - b->used < bytes)
		b = add_block(arena, bytes);
	if (!b)
		return NULL;
	p = b->bytes + b->used;
	memset(p, 0, bytes);
	b->used += bytes;
	arena->used += bytes;
	return p;
}

char *ls_arena_strdup(struct ls_arena *arena, const char *s)
{
	size_t len = strlen(s) + 1;
	char *copy = ls_arena_alloc(arena, len, 1);

	if (copy)
		memcpy(copy, s, len);
	return copy;
}

void ls_mem_give_back(size_t size)
{
#ifdef __GLIBC__
	if (size >= GIVE_BACK_MIN)
		(void)malloc_trim(0);
#else
	(void)size;
#endif
}
