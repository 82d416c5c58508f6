/* SPDX-License-Identifier: Apache-2.0 */
/* Session indices: 32-bit numbers by which this device names its handshakes and sessions; the other
 * side puts them into its messages. They are random, so that an outsider can neither guess one nor
 * count them. */
#ifndef LS_WG_INDEX_H
#define LS_WG_INDEX_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

enum index_kind {
	INDEX_HANDSHAKE, /* the owner is the struct wg_peer that initiated */
	INDEX_KEYPAIR,   /* the owner is the struct keypair */
};

struct index_entry {
	uint32_t index; /* 0: the entry is free; 0 is never used as an index */
	enum index_kind kind;
	void *owner;
};

/* A zeroed struct is an empty table. */
struct index_table {
	struct index_entry *entries;
	size_t cap; /* power of two */
	size_t count;
};

void wg_index_table_done(struct index_table *table);
/* Adds an index; `candidate` is a random number. -EEXIST when it is taken or 0: try another.
 * -ENOMEM. */
int wg_index_table_add(struct index_table *table, uint32_t candidate, enum index_kind kind,
                       void *owner) LS_MUST_CHECK;
/* NULL when the index is not in the table. The entry is valid until the next add or remove. */
struct index_entry *wg_index_table_find(const struct index_table *table, uint32_t index);
/* Ignores 0 and indices that are not in the table. */
void wg_index_table_remove(struct index_table *table, uint32_t index);

#endif
