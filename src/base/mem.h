/* SPDX-License-Identifier: Apache-2.0 */
/* Memory: small fixed objects abort when memory is gone; sizes that outsiders influence go through
 * ls_try_* and may fail. An arena holds one immutable snapshot, freed whole. */
#ifndef LS_BASE_MEM_H
#define LS_BASE_MEM_H

#include <stddef.h>

#include "base/error.h"

/* Never NULL; abort on out-of-memory. For fixed, small sizes only. The memory is zeroed. */
void *ls_new_bytes(size_t size) __attribute__((malloc, returns_nonnull));
char *ls_strdup(const char *s) __attribute__((malloc, returns_nonnull));
#define ls_new(type) ((type *)ls_new_bytes(sizeof(type)))

/* NULL when memory is gone or n * size overflows. ls_try_array zeroes; ls_try_grow does not. */
void *ls_try_array(size_t n, size_t size) LS_MUST_CHECK;
/* Makes room for `need` elements by doubling `*cap`; on failure returns -ENOMEM and changes
 * nothing. */
int ls_try_grow(void **array, size_t *cap, size_t need, size_t size) LS_MUST_CHECK;

/* Bump allocator. Not thread-safe; what it hands out lives until ls_arena_free. */
struct ls_arena;
struct ls_arena *ls_arena_new(size_t max_bytes);
void ls_arena_free(struct ls_arena *arena);
/* Zeroed, aligned to 16; NULL when memory is gone or max_bytes would be passed. */
void *ls_arena_alloc(struct ls_arena *arena, size_t n, size_t size) LS_MUST_CHECK;
char *ls_arena_strdup(struct ls_arena *arena, const char *s) LS_MUST_CHECK;

#endif
