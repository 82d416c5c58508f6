/* SPDX-License-Identifier: Apache-2.0 */
/* Session indices: the 32-bit names that this device gives to its handshakes and sessions, and by
 * which the other side addresses its messages. They are random, so that an outsider neither guesses
 * one nor learns how many there are. */
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
	uint32_t index; /* 0: free; never given out */
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
/* `candidate` is random; -EEXIST when it is taken or 0 (try another), -ENOMEM. */
int wg_index_table_add(struct index_table *table, uint32_t candidate, enum index_kind kind,
                       void *owner) LS_MUST_CHECK;
/* NULL when nobody has the index. Valid until the next add or remove. */
struct index_entry *wg_index_table_find(const struct index_table *table, uint32_t index);
/* Index 0 and unknown ones are ignored. */
void wg_index_table_remove(struct index_table *table, uint32_t index);

#endif
