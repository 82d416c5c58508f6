/* SPDX-License-Identifier: Apache-2.0 */
/* All networks, nodes and tokens in memory. Only files in state/ use the members. */
#ifndef LS_SERVER_STATE_MEMORY_H
#define LS_SERVER_STATE_MEMORY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/list.h"
#include "base/map.h"
#include "server/state/clock.h"

struct budgets;
struct store;

struct server_state {
	struct store *store;
	struct state_clock clock;
	int64_t now;              /* Unix time, as the state was told last */
	struct ls_list watchers;  /* struct state_watcher.link */
	int64_t reuse_after_s;    /* of addresses (former.h) */
	struct ls_map *networks;  /* by id */
	struct ls_map *nodes;     /* by id */
	struct ls_map *tokens;    /* by hash */
	struct ls_map *token_ids; /* by public id */
	struct ls_map *lines;     /* struct change_line, by id */
	size_t change_count;      /* changes in all lines */
	bool closing;             /* changes that have not had their turn are refused */
	struct ls_list seen;      /* struct node.seen */
	int64_t seen_due;         /* meaningful while `seen` is not empty */
	unsigned seen_flushes;    /* flushes that the store has not finished */
	int64_t next_expiry;      /* no network needs state_expiry_run before; 0: none ever does */
	int64_t next_request;     /* no request to join expires before; 0: none waits */
	int64_t sweep_due;        /* no expired request is deleted before */
	struct budgets *budgets;  /* of sources (budget.h) */
	int64_t deadline_told;    /* the deadline that the watchers know */
	struct ls_list gathering; /* struct network.gathering */
	uint64_t endpoints_dropped; /* by all heartbeats */
};

#endif
