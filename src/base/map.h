/* SPDX-License-Identifier: Apache-2.0 */
/* Hash map from byte strings to pointers, safe against chosen keys (SipHash-2-4 with a random key a
 * process). The map borrows keys: a key must live, unchanged, as long as its entry. Not
 * thread-safe. */
#ifndef LS_BASE_MAP_H
#define LS_BASE_MAP_H

#include <stddef.h>

#include "base/error.h"

struct ls_map;

struct ls_map *ls_map_new(void);
void ls_map_free(struct ls_map *map); /* not the values */
size_t ls_map_count(const struct ls_map *map);
/* Makes room for so many entries in all, so that adding up to them cannot fail. -ENOMEM. */
int ls_map_reserve(struct ls_map *map, size_t entries) LS_MUST_CHECK;
/* NULL when absent. */
void *ls_map_get(const struct ls_map *map, const void *key, size_t key_len);
/* -EEXIST when the key is present, -ENOMEM; then nothing changed. */
int ls_map_add(struct ls_map *map, const void *key, size_t key_len, void *value) LS_MUST_CHECK;
/* Returns the value that was removed, NULL when absent. */
void *ls_map_remove(struct ls_map *map, const void *key, size_t key_len);
/* Walks in no order: start with *cursor = 0; NULL at the end. No add or remove while walking. */
void *ls_map_next(const struct ls_map *map, size_t *cursor);

#endif
