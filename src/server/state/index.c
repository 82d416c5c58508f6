/* SPDX-License-Identifier: Apache-2.0 */
#include "server/state/index.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/state/classes.h"
#include "server/state/former.h"
#include "server/state/joiners.h"
#include "server/state/memory.h"
#include "server/state/roster.h"

void state_map_must_add(struct ls_map *map, const void *key, size_t key_len, void *value)
{
	if (ls_map_add(map, key, key_len, value) < 0)
		abort();
}

void state_name_fold(const char *name, char ret[static LIMIT_NODE_NAME_LEN + 1])
{
	size_t i = 0;

	for (; i < LIMIT_NODE_NAME_LEN && name[i] != '\0'; i++) {
		char c = name[i];

		ret[i] = c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
	}
	ret[i] = '\0';
}

static bool is_among(const struct node *node, struct node *const *others, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (others[i] == node)
			return true;
	}
	return false;
}

int state_index_check(const struct network *network, struct node *const *others, size_t count,
                      const char *name, const struct wg_public_key *key, struct ls_fail *fail)
{
	char folded[LIMIT_NODE_NAME_LEN + 1];
	const struct node *holder;

	state_name_fold(name, folded);
	holder = ls_map_get(network->names, folded, strlen(folded));
	if (holder && !is_among(holder, others, count))
		return ls_fail_set(fail, LS_ERROR_CONFLICT,
		                   "node name %s is taken in this network; choose another", folded);
	holder = ls_map_get(network->wg_keys, key->b, sizeof(key->b));
	if (holder && !is_among(holder, others, count))
		return ls_fail_set(fail, LS_ERROR_CONFLICT,
		                   "wg_public_key is in use by node %s of this network",
		                   holder->record->info.peer.name);
	return 0;
}

static void index_remove(struct node *node)
{
	if (!node->indexed)
		return;
	(void)ls_map_remove(node->network->names, node->folded_name, strlen(node->folded_name));
	(void)ls_map_remove(node->network->wg_keys, node->wg_key.b, sizeof(node->wg_key.b));
	node->indexed = false;
}

static void index_add(struct node *node)
{
	const struct node_record *record = node->record;

	if (record->revoked_at != 0)
		return;
	state_name_fold(record->info.peer.name, node->folded_name);
	node->wg_key = record->info.peer.wg_public_key;
	state_map_must_add(node->network->names, node->folded_name, strlen(node->folded_name),
	                   node);
	state_map_must_add(node->network->wg_keys, node->wg_key.b, sizeof(node->wg_key.b), node);
	node->indexed = true;
}

void state_expiry_note(struct server_state *state, struct network *network, int64_t at)
{
	if (network->next_expiry == 0 || at < network->next_expiry)
		network->next_expiry = at;
	if (state->next_expiry == 0 || at < state->next_expiry)
		state->next_expiry = at;
}

void state_request_note(struct server_state *state, int64_t at)
{
	if (state->next_request == 0 || at < state->next_request)
		state->next_request = at;
}

/* A key is too old when its age has passed the network's max age. */
static bool keys_too_old(struct node *node, struct server_state *state)
{
	const struct network_info *info = &node->network->record->info;
	const struct node_record *record = node->record;
	int64_t since = record->wg_key_since < record->machine_key_since
	                        ? record->wg_key_since
	                        : record->machine_key_since;
	int64_t at;

	if (!info->has_key_max_age)
		return false;
	if (__builtin_add_overflow(since, info->key_rotation_max_age_seconds + 1, &at))
		return false;
	if (state->now >= at)
		return true;
	state_expiry_note(state, node->network, at);
	return false;
}

void state_node_refresh(struct node *node, struct server_state *state)
{
	bool was_active = node->active, was_required = node->rotation_required;

	node->rotation_required = keys_too_old(node, state);
	node->active = node->record->info.approved && node->record->revoked_at == 0 &&
	               !node->rotation_required;
	if (node->active == was_active && node->rotation_required == was_required)
		return;
	node->network->active_unwritten = true;
	state_text_clear(&node->own_text);
	state_roster_changed(node->network->roster, node);
	if (node->active != was_active)
		state_roster_sort(node->network->roster, node);
}

static bool same_names(const struct peer_info *a, const struct peer_info *b)
{
	if (strcmp(a->name, b->name) != 0 || a->tags.count != b->tags.count)
		return false;
	for (size_t i = 0; i < a->tags.count; i++) {
		if (strcmp(a->tags.items[i], b->tags.items[i]) != 0)
			return false;
	}
	return true;
}

void state_node_replace(struct node *node, struct node_record *record, struct server_state *state)
{
	struct network *network = node->network;

	index_remove(node);
	if (!same_names(&node->record->info.peer, &record->info.peer)) {
		state_class_leave(node);
		state_roster_sort(network->roster, node);
	}
	network->pending -= node->record->approved_at == 0;
	network->pending += record->approved_at == 0;
	if (record->approved_at != 0)
		state_joiners_remove(node);
	free(node->record);
	node->record = record;
	index_add(node);
	state_text_clear(&node->own_text);
	state_roster_changed(network->roster, node);
	state_node_refresh(node, state);
}

static int take_addresses(struct network *network, const struct peer_info *peer)
{
	int r = state_address_pool_take(&network->v4, &peer->ipv4);

	if (r < 0)
		return r;
	r = state_address_pool_take(&network->v6, &peer->ipv6);
	if (r < 0)
		state_address_pool_release(&network->v4, &peer->ipv4);
	return r;
}

int state_node_link(struct server_state *state, struct network *network, struct node_record *record,
                    struct node **ret)
{
	struct node *node;
	int r = state_roster_reserve(network->roster);

	if (r < 0)
		return r;
	r = take_addresses(network, &record->info.peer);
	if (r < 0)
		return r;
	node = ls_new(struct node);
	node->network = network;
	node->record = record;
	(void)snprintf(node->id, sizeof(node->id), "%s", record->info.peer.id);
	node->last_seen = record->info.peer.last_seen;
	ls_list_init(&node->probing);
	ls_list_init(&node->joiner);
	ls_list_init(&node->seen);
	state_roster_add(network->roster, node);
	state_map_must_add(state->nodes, node->id, strlen(node->id), node);
	index_add(node);
	network->pending += record->approved_at == 0;
	if (record->approved_at == 0 && record->has_approval_secret) {
		state_joiners_add(node);
		state_request_note(state, record->approval_expires_at);
	}
	state_node_refresh(node, state);
	*ret = node;
	return 0;
}

void state_node_unlink_and_free(struct node *node, struct server_state *state)
{
	struct network *network = node->network;

	index_remove(node);
	(void)ls_map_remove(state->nodes, node->id, strlen(node->id));
	state_address_pool_release(&network->v4, &node->record->info.peer.ipv4);
	state_address_pool_release(&network->v6, &node->record->info.peer.ipv6);
	network->pending -= node->record->approved_at == 0;
	ls_list_remove(&node->probing);
	state_joiners_remove(node);
	ls_list_remove(&node->seen);
	state_class_leave(node);
	state_roster_remove(network->roster, node);
	state_text_unref(node->peer_text);
	state_text_unref(node->own_text);
	free(node->record);
	free(node);
}

struct network *state_network_new(struct network_record *record)
{
	struct network *network = ls_new(struct network);

	network->record = record;
	(void)snprintf(network->id, sizeof(network->id), "%s", record->info.id);
	network->names = ls_map_new();
	network->wg_keys = ls_map_new();
	network->classes = ls_map_new();
	network->roster = state_roster_new();
	state_address_pool_init(&network->v4, &record->info.overlay_v4);
	state_address_pool_init(&network->v6, &record->info.overlay_v6);
	network->revision = record->revision;
	ls_list_init(&network->gathering);
	ls_list_init(&network->former);
	ls_list_init(&network->probing);
	ls_list_init(&network->joiners);
	network->joiner_sources = ls_map_new();
	ls_list_init(&network->tokens);
	return network;
}

void state_network_free(struct network *network)
{
	ls_map_free(network->names);
	ls_map_free(network->wg_keys);
	state_former_forget(network);
	state_address_pool_done(&network->v4);
	state_address_pool_done(&network->v6);
	state_roster_free(network->roster);
	ls_map_free(network->classes);
	ls_map_free(network->joiner_sources);
	ls_list_remove(&network->gathering);
	ls_arena_free(network->policy_arena);
	state_text_unref(network->info_text);
	free(network->record);
	free(network);
}

int state_policy_read(const char *acl_json, struct ls_arena **ret_arena, struct acl_policy *ret,
                      struct ls_fail *fail)
{
	struct ls_arena *arena = ls_arena_new(LIMIT_REQUEST_ARENA);
	json_t *json = json_loads(acl_json, JSON_REJECT_DUPLICATES, NULL);
	int r = json ? proto_acl_policy_decode(json, arena, ret, fail)
	             : ls_fail_set(fail, LS_ERROR_SYNTAX, "access policy is not JSON");

	json_decref(json);
	if (r < 0) {
		ls_arena_free(arena);
		return r;
	}
	*ret_arena = arena;
	return 0;
}

void state_network_use_policy(struct network *network, struct ls_arena *arena,
                              const struct acl_policy *policy)
{
	state_class_leave_all(network);
	ls_arena_free(network->policy_arena);
	network->policy_arena = arena;
	network->policy = *policy;
}

struct token *state_token_link(struct server_state *state, struct network *network,
                               struct token_record *record)
{
	struct token *token = ls_new(struct token);

	token->record = record;
	token->network = network;
	token->hash = record->hash;
	(void)snprintf(token->id, sizeof(token->id), "%s", record->id);
	state_map_must_add(state->tokens, token->hash.b, sizeof(token->hash.b), token);
	state_map_must_add(state->token_ids, token->id, strlen(token->id), token);
	ls_list_append(&network->tokens, &token->link);
	return token;
}

void state_token_replace(struct token *token, struct token_record *record)
{
	free(token->record);
	token->record = record;
}

void state_token_unlink_and_free(struct token *token, struct server_state *state)
{
	(void)ls_map_remove(state->tokens, token->hash.b, sizeof(token->hash.b));
	(void)ls_map_remove(state->token_ids, token->id, strlen(token->id));
	ls_list_remove(&token->link);
	free(token->record);
	free(token);
}
