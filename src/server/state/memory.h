/* SPDX-License-Identifier: Apache-2.0 */
/* All that the server holds in memory. Only state/ looks into it. */
#ifndef LS_SERVER_STATE_MEMORY_H
#define LS_SERVER_STATE_MEMORY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/list.h"
#include "base/map.h"

struct store;

struct server_state {
	struct store *store;
	struct ls_list watchers;  /* struct state_watcher.link */
	struct ls_map *networks;  /* by id */
	struct ls_map *nodes;     /* by id */
	struct ls_map *tokens;    /* by hash */
	struct ls_map *token_ids; /* by public id */
	struct ls_map *lines;     /* struct change_line, by id */
	bool closing;             /* no change is begun any more */
	struct ls_list seen;      /* struct node.seen */
	int64_t seen_due;         /* meaningful while `seen` is not empty */
	unsigned seen_flushes;    /* that have not come back */
	int64_t next_expiry;      /* lower bound over all networks; 0: none */
	int64_t deadline_told;    /* what the watchers know */
};

#endif
