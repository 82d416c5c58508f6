/* SPDX-License-Identifier: Apache-2.0 */
/* What an import will write, and what it says of odd values. A v1 server takes values that ours
 * does not. Those that nothing depends on are mended or left out, with a note. Others are problems:
 * then nothing can be imported. */
#ifndef LS_SERVER_IMPORT_DRAFT_H
#define LS_SERVER_IMPORT_DRAFT_H

#include <stdio.h>

#include "base/mem.h"
#include "server/store/store.h"

struct import_draft {
	struct ls_arena *arena; /* what the operations point to */
	FILE *report;           /* gets one line for each note and problem */
	int64_t now;
	uint64_t revision; /* of all networks */
	struct store_op *ops;
	size_t count;
	size_t room;
	size_t networks;
	size_t nodes;
	size_t tokens;
	size_t entries; /* of the audit log */
	size_t notes;
	size_t problems;
	bool no_memory;
};

/* Frees the operations; the arena is the caller's. */
void import_draft_done(struct import_draft *draft);

void import_note(struct import_draft *draft, const char *fmt, ...) LS_PRINTF(2, 3);
void import_problem(struct import_draft *draft, const char *fmt, ...) LS_PRINTF(2, 3);
/* Zeroed memory of the arena; NULL when out of memory, which is remembered. */
void *import_alloc(struct import_draft *draft, size_t n, size_t size) LS_MUST_CHECK;
void import_add(struct import_draft *draft, const struct store_op *op);

#endif
