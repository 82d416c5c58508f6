/* SPDX-License-Identifier: Apache-2.0 */
/* Memory. Small objects of fixed size abort when out of memory. Sizes that outsiders influence go
 * through ls_try_*, which may fail. An arena holds one immutable snapshot, which is freed as a
 * whole. */
#ifndef LS_BASE_MEM_H
#define LS_BASE_MEM_H

#include <stddef.h>

#include "base/error.h"

/* These never return NULL: they abort when out of memory. Only for small, fixed sizes. ls_new_bytes
 * zeroes. */
void *ls_new_bytes(size_t size) __attribute__((malloc, returns_nonnull));
char *ls_strdup(const char *s) __attribute__((malloc, returns_nonnull));
#define ls_new(type) ((type *)ls_new_bytes(sizeof(type)))

/* NULL when out of memory, or when n * size overflows. The memory is zeroed. */
void *ls_try_array(size_t n, size_t size) LS_MUST_CHECK;
/* Makes room for `need` elements in all, by doubling `*cap`; new elements are not zeroed. On
 * failure it returns -ENOMEM and changes nothing. */
int ls_try_grow(void **array, size_t *cap, size_t need, size_t size) LS_MUST_CHECK;

/* Returns free memory to the system when `size`, the bytes that were just freed, is large: glibc
 * otherwise keeps what lies between blocks that are still used. */
void ls_mem_give_back(size_t size);

/* A bump allocator. Not thread-safe. Its memory is valid until ls_arena_free. */
struct ls_arena;
struct ls_arena *ls_arena_new(size_t max_bytes);
void ls_arena_free(struct ls_arena *arena);
/* Zeroed memory, aligned to 16. NULL when out of memory, or when the arena would exceed
 * max_bytes. */
void *ls_arena_alloc(struct ls_arena *arena, size_t n, size_t size) LS_MUST_CHECK;
char *ls_arena_strdup(struct ls_arena *arena, const char *s) LS_MUST_CHECK;

#endif
