/* SPDX-License-Identifier: Apache-2.0 */
#include "server/state/state.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "server/state/direct.h"
#include "server/state/index.h"
#include "server/state/memory.h"
#include "server/state/roster.h"
#include "server/state/seen.h"

enum {
	EXPIRY_RETRY_S = 5
};

struct load {
	struct server_state *state;
	int64_t now;
};

static int load_network(void *context, const struct network_record *record, struct ls_fail *fail)
{
	struct load *load = context;
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
	state_map_must_add(load->state->networks, network->id, strlen(network->id), network);
	return 0;
}

static int load_token(void *context, const struct token_record *record, struct ls_fail *fail)
{
	struct load *load = context;
	struct network *network = state_network(load->state, record->network_id);
	struct token_record *own = network ? store_token_record_new(record) : NULL;

	if (!own)
		return ls_fail_set(fail, LS_ERROR_BAD_VALUE, "token %s has no network", record->id);
	(void)state_token_link(load->state, network, own);
	return 0;
}

static int load_node(void *context, const struct node_record *record, struct ls_fail *fail)
{
	struct load *load = context;
	struct network *network = state_network(load->state, record->network_id);
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
	r = state_node_link(load->state, network, own, load->now, &node);
	if (r == 0)
		return 0;
	free(own);
	if (r == -ENOMEM)
		return ls_fail_set(fail, r, "out of memory");
	return ls_fail_set(fail, r, "node %s has an address that it cannot have",
	                   record->info.peer.id);
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
	free(state);
}

/* Keys may have come of age while no server ran, under the revision that clients know: such a
 * network gets a new one at the first state_tick. */
static void note_aged_keys(struct server_state *state, int64_t now)
{
	struct network *network;
	const struct node *node;

	for (size_t cursor = 0; (network = ls_map_next(state->networks, &cursor));) {
		for (size_t slot = 0; (node = state_roster_next(network->roster, &slot)); slot++)
			network->expiry_unwritten |= node->rotation_required;
		if (network->expiry_unwritten)
			network->next_expiry = state->next_expiry = now;
	}
}

int state_open(struct store *store, int64_t now, struct server_state **ret, struct ls_fail *fail)
{
	struct server_state *state = ls_new(struct server_state);
	struct load load = {.state = state, .now = now};
	const struct store_loader loader = {
	        .context = &load, .network = load_network, .token = load_token, .node = load_node};
	int r;

	state->store = store;
	ls_list_init(&state->watchers);
	state->networks = ls_map_new();
	state->nodes = ls_map_new();
	state->tokens = ls_map_new();
	state->token_ids = ls_map_new();
	state->lines = ls_map_new();
	ls_list_init(&state->seen);
	r = store->ops->load(store, &loader, fail);
	if (r < 0) {
		free_state(state);
		return r;
	}
	note_aged_keys(state, now);
	state->deadline_told = state_deadline(state);
	*ret = state;
	return 0;
}

void state_close(struct server_state *state, int64_t now)
{
	if (!state)
		return;
	state->closing = true;
	state_seen_flush(state, now);
	/* What is on its way comes back first, and what waits in line is refused. */
	state->store->ops->close(state->store);
	assert(ls_map_count(state->lines) == 0);
	free_state(state);
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

	/* Found by the hash of what was given, not by the secret: nothing to time. */
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

static bool refresh_nodes(struct server_state *state, struct network *network, int64_t now)
{
	struct node *node;
	bool any = false;

	network->next_expiry = 0;
	for (size_t slot = 0; (node = state_roster_next(network->roster, &slot)); slot++)
		any = state_node_refresh(node, state, now) || any;
	return any;
}

/* Keys came of age: the nodes are out of force from now on, whether or not the new revision can be
 * written; if it cannot, the waiting polls are woken when it can. */
static void expire_keys(struct server_state *state, struct network *network, int64_t now)
{
	const struct origin origin = state_origin_of_server(now);
	struct ls_fail fail;
	struct direct_change c;

	state_direct_begin(&c, state, network, &origin);
	c.bumps = true;
	if (refresh_nodes(state, network, now) || network->expiry_unwritten) {
		network->expiry_unwritten = state_direct_commit(&c, &fail) < 0;
		if (network->expiry_unwritten) {
			ls_error("store.failed", "network=%s error=\"%s\"", network->id, fail.text);
		} else {
			ls_info("keys.expired", "network=%s", network->id);
			state_direct_publish(&c);
		}
	}
	state_direct_done(&c);
	if (network->expiry_unwritten)
		network->next_expiry = now + EXPIRY_RETRY_S;
}

static void run_expiry(struct server_state *state, int64_t now)
{
	struct network *network;
	int64_t next = 0;

	if (state->next_expiry == 0 || now < state->next_expiry)
		return;
	for (size_t cursor = 0; (network = ls_map_next(state->networks, &cursor));) {
		if (network->next_expiry != 0 && now >= network->next_expiry)
			expire_keys(state, network, now);
		if (network->next_expiry != 0 && (next == 0 || network->next_expiry < next))
			next = network->next_expiry;
	}
	state->next_expiry = next;
}

void state_tick(struct server_state *state, int64_t now)
{
	/* The clock may have been set back. */
	if (state->seen_due > now + STATE_SEEN_FLUSH_S)
		state->seen_due = now + STATE_SEEN_FLUSH_S;
	if (!ls_list_empty(&state->seen) && now >= state->seen_due)
		state_seen_flush(state, now);
	run_expiry(state, now);
	state_deadline_tell(state);
}
