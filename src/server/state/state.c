/* SPDX-License-Identifier: Apache-2.0 */
#include "server/state/state.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "server/state/budget.h"
#include "server/state/clock.h"
#include "server/state/expiry.h"
#include "server/state/index.h"
#include "server/state/memory.h"
#include "server/state/reclaim.h"
#include "server/state/roster.h"
#include "server/state/seen.h"

static int load_network(void *context, const struct network_record *record, struct ls_fail *fail)
{
	struct server_state *state = context;
	struct ls_arena *arena = NULL;
	struct network_record *own;
	struct acl_policy policy;
	struct network *network;
	int r = state_policy_read(record->acl_json, &arena, &policy, fail);

	if (r < 0)
		return ls_fail_prefix(fail, "network %s", record->info.id);
	own = store_network_record_new(record);
	if (!own) {
		ls_arena_free(arena);
		return ls_fail_set(fail, -ENOMEM, "out of memory");
	}
	network = state_network_new(own);
	state_network_use_policy(network, arena, &policy);
	state_map_must_add(state->networks, network->id, strlen(network->id), network);
	return 0;
}

static int load_token(void *context, const struct token_record *record, struct ls_fail *fail)
{
	struct server_state *state = context;
	struct network *network = state_network(state, record->network_id);
	struct token_record *own = network ? store_token_record_new(record) : NULL;

	if (!own)
		return ls_fail_set(fail, LS_ERROR_BAD_VALUE, "token %s has no network", record->id);
	(void)state_token_link(state, network, own);
	return 0;
}

static int load_node(void *context, const struct node_record *record, struct ls_fail *fail)
{
	struct server_state *state = context;
	struct network *network = state_network(state, record->network_id);
	struct node_record *own;
	struct node *node;
	int r;

	if (!network)
		return ls_fail_set(fail, LS_ERROR_BAD_VALUE, "node %s has no network",
		                   record->info.peer.id);
	if (record->revoked_at == 0) {
		r = state_index_check(network, NULL, 0, record->info.peer.name,
		                      &record->info.peer.wg_public_key, fail);
		if (r < 0)
			return r;
	}
	own = store_node_record_new(record);
	if (!own)
		return ls_fail_set(fail, -ENOMEM, "out of memory");
	r = state_node_link(state, network, own, &node);
	if (r == 0)
		return 0;
	free(own);
	if (r == -ENOMEM)
		return ls_fail_set(fail, r, "out of memory");
	return ls_fail_set(fail, r, "node %s has an address that is taken or not of its network",
	                   record->info.peer.id);
}

static int load_former(void *context, const struct former_record *record, struct ls_fail *fail)
{
	struct server_state *state = context;
	struct network *network = state_network(state, record->network_id);

	if (!network)
		return ls_fail_set(fail, LS_ERROR_BAD_VALUE,
		                   "the addresses of a deleted node have "
		                   "no network");
	if (state_former_hold(network, &record->ipv4, &record->ipv6, record->since) < 0)
		return ls_fail_set(fail, -ENOMEM, "out of memory");
	return 0;
}

static void free_network_parts(struct server_state *state, struct network *network)
{
	struct node *node;

	for (size_t slot = 0; (node = state_roster_next(network->roster, &slot));)
		state_node_unlink_and_free(node, state);
	LS_LIST_EACH_SAFE (it, tmp, &network->tokens)
		state_token_unlink_and_free(LS_CONTAINER(it, struct token, link), state);
	state_network_free(network);
}

static void free_state(struct server_state *state)
{
	struct network *network;

	for (size_t cursor = 0; (network = ls_map_next(state->networks, &cursor));)
		free_network_parts(state, network);
	ls_map_free(state->networks);
	ls_map_free(state->nodes);
	ls_map_free(state->tokens);
	ls_map_free(state->token_ids);
	ls_map_free(state->lines);
	state_budgets_free(state->budgets);
	free(state);
}

int state_open(struct store *store, int64_t now, struct server_state **ret, struct ls_fail *fail)
{
	struct server_state *state = ls_new(struct server_state);
	const struct store_loader loader = {.context = state,
	                                    .network = load_network,
	                                    .token = load_token,
	                                    .node = load_node,
	                                    .former = load_former};
	int r;

	state->store = store;
	state->now = now;
	state->reuse_after_s = STATE_REUSE_AFTER_S;
	ls_list_init(&state->watchers);
	state->networks = ls_map_new();
	state->nodes = ls_map_new();
	state->tokens = ls_map_new();
	state->token_ids = ls_map_new();
	state->lines = ls_map_new();
	state->budgets = state_budgets_new();
	state->deadline_told = STATE_NEVER;
	ls_list_init(&state->seen);
	ls_list_init(&state->gathering);
	r = store->ops->load(store, &loader, fail);
	if (r < 0) {
		free_state(state);
		return r;
	}
	state_expiry_catch_up(state);
	state_sweep_pause(state, STATE_SWEEP_START_S);
	state->deadline_told = state_deadline(state);
	*ret = state;
	return 0;
}

void state_close(struct server_state *state)
{
	if (!state)
		return;
	state->closing = true;
	state_seen_flush(state);
	/* close() first ends all commits; the changes that wait in lines are then refused. */
	state->store->ops->close(state->store);
	assert(ls_map_count(state->lines) == 0 && state->seen_flushes == 0);
	free_state(state);
}

void state_reuse_addresses_after(struct server_state *state, int64_t seconds)
{
	state->reuse_after_s = seconds;
}

struct network *state_network(const struct server_state *state, const char *id)
{
	return ls_map_get(state->networks, id, strlen(id));
}

struct node *state_node(const struct server_state *state, const char *id)
{
	return ls_map_get(state->nodes, id, strlen(id));
}

struct token *state_token(const struct server_state *state, const char *secret_or_id)
{
	struct secret_hash hash;
	struct token *token;

	/* The look-up uses the hash, so its time tells nothing about the secret. */
	state_secret_hash(secret_or_id, &hash);
	token = ls_map_get(state->tokens, hash.b, sizeof(hash.b));
	return token ? token : ls_map_get(state->token_ids, secret_or_id, strlen(secret_or_id));
}

struct network *state_next_network(const struct server_state *state, size_t *cursor)
{
	return ls_map_next(state->networks, cursor);
}

struct store *state_store(struct server_state *state)
{
	return state->store;
}

/* Times from which the state counts a few seconds, and which no record has. */
static void shift_times(struct server_state *state, int64_t by_s)
{
	struct network *network;

	state->seen_due += by_s;
	for (size_t cursor = 0; (network = ls_map_next(state->networks, &cursor));) {
		LS_LIST_EACH (it, &network->probing)
			LS_CONTAINER(it, struct node, probing)->probe_at += by_s;
	}
}

void state_set_time(struct server_state *state, int64_t wall_ms, int64_t steady_ms)
{
	int64_t by_ms = state_clock_read(&state->clock, wall_ms, steady_ms);

	state->now = wall_ms / 1000;
	if (by_ms == 0)
		return;
	ls_warn("clock.set", "by_s=%" PRId64, by_ms / 1000);
	shift_times(state, by_ms / 1000);
	state_expiry_decide_again(state);
	state_sweep_pause(state, STATE_SWEEP_CLOCK_S);
	state_deadline_tell(state);
}

void state_tick(struct server_state *state, int64_t now)
{
	state->now = now;
	if (!ls_list_empty(&state->seen) && state->seen_flushes == 0 && now >= state->seen_due)
		state_seen_flush(state);
	state_expiry_run(state);
	state_sweep_run(state);
	state_deadline_tell(state);
}
