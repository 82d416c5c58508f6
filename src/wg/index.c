/* SPDX-License-Identifier: Apache-2.0 */
/* Open addressing with linear probing, at most half full. An index is its own hash: we choose
 * indices at random, so an attacker cannot choose them to make long runs. */
#include "wg/index.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include "base/mem.h"

enum {
	CAP_MIN = 16
};

void wg_index_table_done(struct index_table *table)
{
	free(table->entries);
	*table = (struct index_table){0};
}

/* The entry that has the index, else the free entry where it belongs. */
static struct index_entry *probe(const struct index_table *table, uint32_t index)
{
	size_t i = index & (table->cap - 1);

	while (table->entries[i].index != 0 && table->entries[i].index != index)
		i = (i + 1) & (table->cap - 1);
	return &table->entries[i];
}

static int grow(struct index_table *table)
{
	struct index_table next = {.cap = table->cap ? table->cap * 2 : CAP_MIN,
	                           .count = table->count};

	next.entries = ls_try_array(next.cap, sizeof(*next.entries));
	if (!next.entries)
		return -ENOMEM;
	for (size_t i = 0; i < table->cap; i++) {
		if (table->entries[i].index != 0)
			*probe(&next, table->entries[i].index) = table->entries[i];
	}
	free(table->entries);
	*table = next;
	return 0;
}

int wg_index_table_add(struct index_table *table, uint32_t candidate, enum index_kind kind,
                       void *owner)
{
	struct index_entry *entry;

	assert(owner);
	if (candidate == 0)
		return -EEXIST;
	if ((table->count + 1) * 2 > table->cap && grow(table) < 0)
		return -ENOMEM;
	entry = probe(table, candidate);
	if (entry->index != 0)
		return -EEXIST;
	*entry = (struct index_entry){.index = candidate, .kind = kind, .owner = owner};
	table->count++;
	return 0;
}

struct index_entry *wg_index_table_find(const struct index_table *table, uint32_t index)
{
	struct index_entry *entry;

	if (table->count == 0 || index == 0)
		return NULL;
	entry = probe(table, index);
	return entry->index != 0 ? entry : NULL;
}

void wg_index_table_remove(struct index_table *table, uint32_t index)
{
	struct index_entry *entry = wg_index_table_find(table, index);
	size_t mask = table->cap - 1, hole;

	if (!entry)
		return;
	hole = (size_t)(entry - table->entries);
	for (size_t i = (hole + 1) & mask; table->entries[i].index != 0; i = (i + 1) & mask) {
		size_t home = table->entries[i].index & mask;

		/* Move an entry into the hole unless its home lies between the hole and i. */
		if (((i - home) & mask) >= ((i - hole) & mask)) {
			table->entries[hole] = table->entries[i];
			hole = i;
		}
	}
	table->entries[hole] = (struct index_entry){0};
	table->count--;
}
