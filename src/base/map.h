/* SPDX-License-Identifier: Apache-2.0 */
/* A hash map from byte strings to pointers. An attacker who chooses the keys cannot make it slow
 * (SipHash-2-4 with a random key per process). The map borrows its keys: a key must stay valid and
 * unchanged as long as its entry. Not thread-safe. */
#ifndef LS_BASE_MAP_H
#define LS_BASE_MAP_H

#include <stddef.h>

#include "base/error.h"

struct ls_map;

struct ls_map *ls_map_new(void);
void ls_map_free(struct ls_map *map); /* does not free the values */
size_t ls_map_count(const struct ls_map *map);
/* Makes room for `entries` entries in all, so that adding up to that number cannot fail.
 * -ENOMEM. */
int ls_map_reserve(struct ls_map *map, size_t entries) LS_MUST_CHECK;
/* NULL when absent. */
void *ls_map_get(const struct ls_map *map, const void *key, size_t key_len);
/* -EEXIST when the key is present, -ENOMEM; nothing has changed then. `value` must not be NULL. */
int ls_map_add(struct ls_map *map, const void *key, size_t key_len, void *value) LS_MUST_CHECK;
/* Returns the removed value; NULL when absent. */
void *ls_map_remove(struct ls_map *map, const void *key, size_t key_len);
/* Walks all values in any order. Start with *cursor = 0; returns NULL at the end. Do not add or
 * remove meanwhile. */
void *ls_map_next(const struct ls_map *map, size_t *cursor);

#endif
