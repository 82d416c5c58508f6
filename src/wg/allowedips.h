/* SPDX-License-Identifier: Apache-2.0 */
/* Who owns which inner addresses (cryptokey routing, paper section 2): a path-compressed binary
 * trie per family, longest prefix wins. Nodes are 48 bytes in one array and name each other by
 * number, at most two a prefix; each owner's prefixes are also chained, so that listing and
 * removing them does not search. */
#ifndef LS_WG_ALLOWEDIPS_H
#define LS_WG_ALLOWEDIPS_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "wire/ip.h"

enum {
	ALLOWEDIPS_MAX = 1 << 24 /* prefixes in one table */
};

/* Embedded in whatever owns prefixes; zeroed, it owns none. Must not move while it owns some. */
struct allowedips_owner {
	uint32_t first;
};

struct allowedips_node;

/* A zeroed struct is an empty table. */
struct allowedips {
	struct allowedips_node *nodes; /* number 0 stands for none */
	size_t cap;
	size_t used;  /* numbers below this were handed out once */
	size_t spare; /* length of the chain that starts at free_head */
	uint32_t free_head;
	uint32_t root_v4;
	uint32_t root_v6;
};

void wg_allowedips_done(struct allowedips *table);
/* Makes room for so many more prefixes, so that adding them cannot fail. -ENOMEM, LS_ERROR_LIMIT.
 */
int wg_allowedips_reserve(struct allowedips *table, size_t prefixes) LS_MUST_CHECK;
/* Gives the canonical prefix to `owner`, taking it from whoever had it. Needs a reservation. */
void wg_allowedips_add(struct allowedips *table, const struct ls_prefix *prefix,
                       struct allowedips_owner *owner);
/* Takes exactly this prefix from `owner`; nothing happens when it is not its. */
void wg_allowedips_remove(struct allowedips *table, const struct ls_prefix *prefix,
                          struct allowedips_owner *owner);
void wg_allowedips_remove_all(struct allowedips *table, struct allowedips_owner *owner);

/* The owner of the longest prefix that holds the address (network order), NULL for none. */
struct allowedips_owner *wg_allowedips_find_v4(const struct allowedips *table,
                                               const uint8_t address[static 4]);
struct allowedips_owner *wg_allowedips_find_v6(const struct allowedips *table,
                                               const uint8_t address[static 16]);

/* Walks an owner's prefixes: start with *cursor = 0; false at the end. No change while walking. */
bool wg_allowedips_next(const struct allowedips *table, const struct allowedips_owner *owner,
                        uint32_t *cursor, struct ls_prefix *ret);

#endif
