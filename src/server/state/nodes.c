/* SPDX-License-Identifier: Apache-2.0 */
/* Changes of a registered node: update, revoke, delete, key rotation. */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "server/state/budget.h"
#include "server/state/change.h"
#include "server/state/index.h"
#include "server/state/state.h"
#include "server/state/watcher.h"

/* Makes the change write `draft` as the node's record. */
static void put_record(struct change *c, struct node_record *draft)
{
	c->bumps = true;
	draft->info.peer.last_seen = c->node->last_seen;
	state_change_put_node(c, store_node_record_new(draft));
}

static void replace_record(struct change *c)
{
	state_node_replace(c->node, LS_STEAL(c->node_record), c->state);
}

static struct change *change_of(struct server_state *state, const struct change_kind *kind,
                                struct node *node, const struct origin *origin,
                                struct state_completion then)
{
	struct change *c = state_change_new(state, kind, node->network, origin, then);

	state_change_of_node(c, node);
	return c;
}

/* What changes, with the name that the node had. */
static json_t *describe_update(const struct node *node, const struct node_update *update)
{
	const char *old = node->record->info.peer.name;
	json_t *detail = json_object();
	int r = 0;

	if (update->name) {
		r = json_object_set_new(detail, "name", json_string(update->name));
		r |= json_object_set_new(detail, "old_name", json_string(old));
	}
	if (update->has_tags)
		r |= json_object_set_new(detail, "tags", state_detail_strings(update->tags));
	if (r == 0)
		return detail;
	json_decref(detail);
	return NULL;
}

static int check_update(struct change *c, struct ls_fail *fail)
{
	const struct node_update *update = c->request;
	struct node_record draft = *c->node->record;
	struct peer_info *peer = &draft.info.peer;
	char folded[LIMIT_NODE_NAME_LEN + 1], dns_name[LIMIT_DNS_NAME_LEN + 1];
	int r;

	if (update->name) {
		r = draft.revoked_at != 0 ? 0
		                          : state_index_check(c->network, &c->node, 1, update->name,
		                                              &peer->wg_public_key, fail);
		if (r < 0)
			return r;
		state_name_fold(update->name, folded);
		(void)snprintf(dns_name, sizeof(dns_name), "%s.%s", folded,
		               c->network->record->info.dns_domain);
		peer->name = update->name;
		peer->dns_name = dns_name;
	}
	if (update->has_tags)
		peer->tags = update->tags;
	state_change_audit(c, &c->origin, "node.update", c->node->id,
	                   describe_update(c->node, update));
	put_record(c, &draft);
	return 0;
}

static void apply_update(struct change *c)
{
	replace_record(c);
	ls_info("node.updated", "node=%s network=%s name=%s", c->node->id, c->network->id,
	        c->node->record->info.peer.name);
}

int state_node_update(struct server_state *state, struct node *node,
                      const struct node_update *update, const struct origin *origin,
                      struct state_completion then, struct ls_fail *fail)
{
	static const struct change_kind kind = {check_update, apply_update};
	struct change *c = change_of(state, &kind, node, origin, then);

	c->request = update;
	return state_change_begin(c, fail);
}

static int check_revoke(struct change *c, struct ls_fail *fail)
{
	struct node_record draft = *c->node->record;

	(void)fail;
	if (draft.revoked_at != 0)
		return CHANGE_NOTHING;
	draft.info.revoked = true;
	draft.revoked_at = c->origin.now;
	state_change_revoke_key(c, c->node->id, KEY_TYPE_MACHINE, draft.info.machine_public_key.b,
	                        c->origin.now);
	state_change_revoke_key(c, c->node->id, KEY_TYPE_WIREGUARD, draft.info.peer.wg_public_key.b,
	                        c->origin.now);
	state_change_audit(c, &c->origin, "keys.revoke", c->node->id,
	                   json_pack("{s:I, s:s}", "revoked_at", (json_int_t)draft.revoked_at,
	                             "name", draft.info.peer.name));
	put_record(c, &draft);
	return 0;
}

static void apply_revoke(struct change *c)
{
	replace_record(c);
	ls_info("node.revoked", "node=%s network=%s", c->node->id, c->network->id);
}

int state_node_revoke(struct server_state *state, struct node *node, const struct origin *origin,
                      struct state_completion then, struct ls_fail *fail)
{
	static const struct change_kind kind = {check_revoke, apply_revoke};

	return state_change_begin(change_of(state, &kind, node, origin, then), fail);
}

void state_node_audit_delete(struct change *c, const struct origin *origin, const struct node *node)
{
	const struct peer_info *peer = &node->record->info.peer;

	state_change_audit(c, origin, "node.delete", node->id,
	                   json_pack("{s:s, s:o*, s:o*}", "name", peer->name, "ipv4",
	                             state_detail_address(&peer->ipv4), "ipv6",
	                             state_detail_address(&peer->ipv6)));
}

/* Nobody but the node itself knows the addresses of one that was never approved. */
static bool leaves_addresses(const struct node *node)
{
	return node->record->approved_at != 0;
}

static int check_delete(struct change *c, struct ls_fail *fail)
{
	const struct node *node = c->node;

	(void)fail;
	c->bumps = true;
	state_change_add(c, &(struct store_op){.kind = STORE_NODE_DELETE,
	                                       .id = node->id,
	                                       .time = leaves_addresses(node) ? c->origin.now : 0});
	if (c->state->reuse_after_s != STATE_REUSE_NEVER)
		state_change_add(
		        c, &(struct store_op){.kind = STORE_FORMER_TRIM,
		                              .id = c->network->id,
		                              .time = c->origin.now - c->state->reuse_after_s});
	state_node_audit_delete(c, &c->origin, node);
	return 0;
}

static void apply_delete(struct change *c)
{
	struct node *node = LS_STEAL(c->node);
	const struct peer_info *peer = &node->record->info.peer;
	const struct ls_ip ipv4 = peer->ipv4, ipv6 = peer->ipv6;
	bool leaves = leaves_addresses(node);
	int r;

	ls_info("node.deleted", "node=%s network=%s", node->id, c->network->id);
	state_tell_node_gone(c->state, node);
	state_node_unlink_and_free(node, c->state);
	if (!leaves)
		return;
	r = state_former_hold(c->network, &ipv4, &ipv6, c->origin.now);
	assert(r == 0);
}

int state_node_delete(struct server_state *state, struct node *node, const struct origin *origin,
                      struct state_completion then, struct ls_fail *fail)
{
	static const struct change_kind kind = {check_delete, apply_delete};

	return state_change_begin(change_of(state, &kind, node, origin, then), fail);
}

static int check_new_keys(struct change *c, const struct key_rotation *rotation,
                          struct ls_fail *fail)
{
	const struct node_info *info = &c->node->record->info;
	const struct wg_public_key *wg =
	        rotation->has_wg ? &rotation->wg_public_key : &info->peer.wg_public_key;

	if (rotation->has_machine &&
	    key_equal(rotation->machine_public_key.b, info->machine_public_key.b))
		return ls_fail_set(fail, LS_ERROR_BAD_VALUE, "machine_public_key is unchanged");
	if (rotation->has_wg && key_equal(rotation->wg_public_key.b, info->peer.wg_public_key.b))
		return ls_fail_set(fail, LS_ERROR_BAD_VALUE, "wg_public_key is unchanged");
	if (c->node->record->revoked_at != 0 && c->origin.actor.kind != ACTOR_ADMIN &&
	    c->network->record->rules.revocation == NETWORK_REVOCATION_FINAL)
		return ls_fail_set(fail, LS_ERROR_CONFLICT,
		                   "an admin revoked node %s, and revocations in this network are "
		                   "final: the new keys need the admin token",
		                   info->peer.name);
	/* A rotation makes a revoked node valid again, but its name may be taken by now. */
	return state_index_check(c->network, &c->node, 1, info->peer.name, wg, fail);
}

/* Replaces one current key. Without a new key, the old one stays, and is valid again if the node
 * was revoked. */
static void change_one_key(struct change *c, const struct node *node, enum key_type type,
                           const uint8_t old[static LS_KEY_LEN], const uint8_t *new_key)
{
	bool was_revoked = node->record->revoked_at != 0;

	if (!new_key) {
		if (was_revoked)
			state_change_revoke_key(c, node->id, type, old, 0);
		return;
	}
	if (!was_revoked)
		state_change_revoke_key(c, node->id, type, old, c->origin.now);
	state_change_add_key(c, node->id, type, new_key);
}

static json_t *rotated_keys(const struct key_rotation *rotation)
{
	json_t *detail = json_object();
	int r = 0;

	if (rotation->has_machine)
		r = json_object_set_new(detail, "machine",
		                        state_detail_key(rotation->machine_public_key.b));
	if (rotation->has_wg)
		r |= json_object_set_new(detail, "wireguard",
		                         state_detail_key(rotation->wg_public_key.b));
	if (r == 0)
		return detail;
	json_decref(detail);
	return NULL;
}

static int check_rotate(struct change *c, struct ls_fail *fail)
{
	const struct key_rotation *rotation = c->request;
	struct node_record draft = *c->node->record;
	int r = check_new_keys(c, rotation, fail);

	if (r < 0)
		return r;
	r = state_budget_check_rotate(c, fail);
	if (r < 0)
		return r;
	change_one_key(c, c->node, KEY_TYPE_MACHINE, draft.info.machine_public_key.b,
	               rotation->has_machine ? rotation->machine_public_key.b : NULL);
	change_one_key(c, c->node, KEY_TYPE_WIREGUARD, draft.info.peer.wg_public_key.b,
	               rotation->has_wg ? rotation->wg_public_key.b : NULL);
	if (rotation->has_machine) {
		draft.info.machine_public_key = rotation->machine_public_key;
		draft.machine_key_since = c->origin.now;
	}
	if (rotation->has_wg) {
		draft.info.peer.wg_public_key = rotation->wg_public_key;
		draft.wg_key_since = c->origin.now;
	}
	draft.info.revoked = false;
	draft.revoked_at = 0;
	state_change_audit(c, &c->origin, "keys.rotate", c->node->id, rotated_keys(rotation));
	state_budget_trim_node(c, c->node->id);
	put_record(c, &draft);
	return 0;
}

static void apply_rotate(struct change *c)
{
	state_budget_take_rotate(c);
	replace_record(c);
	ls_info("keys.rotated", "node=%s network=%s", c->node->id, c->network->id);
}

int state_keys_rotate(struct server_state *state, struct node *node,
                      const struct key_rotation *rotation, const struct origin *origin,
                      struct state_completion then, struct ls_fail *fail)
{
	static const struct change_kind kind = {check_rotate, apply_rotate};
	struct change *c = change_of(state, &kind, node, origin, then);

	c->request = rotation;
	return state_change_begin(c, fail);
}
