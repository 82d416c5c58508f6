/* SPDX-License-Identifier: Apache-2.0 */
/* Finds the peer that owns an inner address (cryptokey routing, WireGuard paper, section 2). Each
 * address family has a path-compressed binary trie; the longest prefix wins. Nodes are 48 bytes,
 * live in one array and refer to each other by index; a prefix needs at most two. Each owner's
 * prefixes also form a list, so that listing and removing them needs no search. */
#ifndef LS_WG_ALLOWEDIPS_H
#define LS_WG_ALLOWEDIPS_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "wire/ip.h"

enum {
	ALLOWEDIPS_MAX = 1 << 24 /* prefixes in one table */
};

/* Embedded in each object that owns prefixes. Zeroed, it owns none. It must not move while it owns
 * any. */
struct allowedips_owner {
	uint32_t first;
};

struct allowedips_node;

/* A zeroed struct is an empty table. */
struct allowedips {
	struct allowedips_node *nodes; /* index 0 means none */
	size_t cap;
	size_t used;  /* all nodes from here on were never used */
	size_t spare; /* nodes in the free list that starts at free_head */
	uint32_t free_head;
	uint32_t root_v4;
	uint32_t root_v6;
};

void wg_allowedips_done(struct allowedips *table);
/* Makes room for `prefixes` more prefixes, so that adding them cannot fail. -ENOMEM,
 * LS_ERROR_LIMIT. */
int wg_allowedips_reserve(struct allowedips *table, size_t prefixes) LS_MUST_CHECK;
/* Gives the prefix (host bits zero) to `owner` and takes it from any other owner. Reserve room for
 * it first. */
void wg_allowedips_add(struct allowedips *table, const struct ls_prefix *prefix,
                       struct allowedips_owner *owner);
/* Removes exactly this prefix from `owner`; does nothing when `owner` does not have it. */
void wg_allowedips_remove(struct allowedips *table, const struct ls_prefix *prefix,
                          struct allowedips_owner *owner);
void wg_allowedips_remove_all(struct allowedips *table, struct allowedips_owner *owner);

/* The owner of the longest prefix that contains the address (network byte order), or NULL. */
struct allowedips_owner *wg_allowedips_find_v4(const struct allowedips *table,
                                               const uint8_t address[static 4]);
struct allowedips_owner *wg_allowedips_find_v6(const struct allowedips *table,
                                               const uint8_t address[static 16]);

/* Walks an owner's prefixes. Start with *cursor = 0; returns false at the end. The table must not
 * change meanwhile. */
bool wg_allowedips_next(const struct allowedips *table, const struct allowedips_owner *owner,
                        uint32_t *cursor, struct ls_prefix *ret);

#endif
