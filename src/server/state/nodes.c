/* SPDX-License-Identifier: Apache-2.0 */
/* What happens to a node after it was registered. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/str.h"
#include "server/state/direct.h"
#include "server/state/index.h"
#include "server/state/seen.h"
#include "server/state/state.h"
#include "server/state/watcher.h"

enum {
	UPDATE_TEXT = 512, /* two names and some tags */
};

/* Adds the draft to the change, commits, puts it in place and publishes. */
static int commit_record(struct direct_change *c, struct node *node, struct node_record *draft,
                         struct ls_fail *fail)
{
	struct node_record *record;
	int r;

	draft->info.peer.last_seen = node->last_seen;
	record = store_node_record_new(draft);
	if (!record)
		return ls_fail_set(fail, -ENOMEM, "out of memory");
	state_direct_put_node(c, record);
	r = state_direct_commit(c, fail);
	if (r < 0) {
		free(record);
		return r;
	}
	state_node_replace(node, record, c->state, c->origin.now);
	state_direct_publish(c);
	return 0;
}

/* "name a -> b; tags x,y", cut when the tags are many. */
static void describe_update(const struct node *node, const struct node_update *update,
                            char ret[static UPDATE_TEXT])
{
	size_t at = 0;

	ret[0] = '\0';
	if (update->name)
		at = (size_t)snprintf(ret, UPDATE_TEXT, "name %s -> %s%s",
		                      node->record->info.peer.name, update->name,
		                      update->has_tags ? "; " : "");
	if (update->has_tags)
		at += (size_t)snprintf(ret + at, UPDATE_TEXT - at, "tags");
	for (size_t i = 0; update->has_tags && i < update->tags.count && at < UPDATE_TEXT; i++)
		at += (size_t)snprintf(ret + at, UPDATE_TEXT - at, "%c%s", i == 0 ? ' ' : ',',
		                       update->tags.items[i]);
}

int state_node_update(struct server_state *state, struct node *node,
                      const struct node_update *update, const struct origin *origin,
                      struct ls_fail *fail)
{
	struct node_record draft = *node->record;
	struct peer_info *peer = &draft.info.peer;
	char folded[LIMIT_NODE_NAME_LEN + 1], dns_name[LIMIT_DNS_NAME_LEN + 1];
	char detail[UPDATE_TEXT];
	struct direct_change c;
	int r = 0;

	if (update->name) {
		if (draft.revoked_at == 0)
			r = state_index_check(node->network, &node, 1, update->name,
			                      &peer->wg_public_key, fail);
		if (r < 0)
			return r;
		state_name_fold(update->name, folded);
		(void)snprintf(dns_name, sizeof(dns_name), "%s.%s", folded,
		               node->network->record->info.dns_domain);
		peer->name = update->name;
		peer->dns_name = dns_name;
	}
	if (update->has_tags)
		peer->tags = update->tags;
	state_direct_begin(&c, state, node->network, origin);
	describe_update(node, update, detail);
	state_direct_audit(&c, "node.update", node->id, detail);
	c.bumps = true;
	r = commit_record(&c, node, &draft, fail);
	state_direct_done(&c);
	if (r == 0)
		ls_info("node.updated", "node=%s network=%s name=%s", node->id, node->network->id,
		        node->record->info.peer.name);
	return r;
}

int state_node_revoke(struct server_state *state, struct node *node, const struct origin *origin,
                      struct ls_fail *fail)
{
	struct node_record draft = *node->record;
	struct direct_change c;
	int r;

	if (draft.revoked_at != 0)
		return 0;
	draft.info.revoked = true;
	draft.revoked_at = origin->now;
	state_direct_begin(&c, state, node->network, origin);
	state_direct_revoke_key(&c, node->id, KEY_TYPE_MACHINE, draft.info.machine_public_key.b,
	                        origin->now);
	state_direct_revoke_key(&c, node->id, KEY_TYPE_WIREGUARD, draft.info.peer.wg_public_key.b,
	                        origin->now);
	state_direct_audit(&c, "keys.revoke", node->id, draft.info.peer.name);
	c.bumps = true;
	r = commit_record(&c, node, &draft, fail);
	state_direct_done(&c);
	if (r == 0)
		ls_info("node.revoked", "node=%s network=%s", node->id, node->network->id);
	return r;
}

int state_node_delete(struct server_state *state, struct node *node, const struct origin *origin,
                      struct ls_fail *fail)
{
	struct network *network = node->network;
	struct direct_change c;
	int r;

	state_direct_begin(&c, state, network, origin);
	c.bumps = true;
	state_direct_add(&c, &(struct store_op){.kind = STORE_NODE_DELETE, .id = node->id});
	state_direct_audit(&c, "node.delete", node->id, node->record->info.peer.name);
	r = state_direct_commit(&c, fail);
	if (r == 0) {
		ls_info("node.deleted", "node=%s network=%s", node->id, network->id);
		state_tell_node_gone(state, node);
		state_node_unlink_and_free(node, state);
		state_direct_publish(&c);
	}
	state_direct_done(&c);
	return r;
}

static int check_rotation(struct node *node, const struct key_rotation *rotation,
                          struct ls_fail *fail)
{
	const struct node_info *info = &node->record->info;
	const struct wg_public_key *wg =
	        rotation->has_wg ? &rotation->wg_public_key : &info->peer.wg_public_key;

	if (rotation->has_machine &&
	    key_equal(rotation->machine_public_key.b, info->machine_public_key.b))
		return ls_fail_set(fail, LS_ERROR_BAD_VALUE, "machine_public_key is unchanged");
	if (rotation->has_wg && key_equal(rotation->wg_public_key.b, info->peer.wg_public_key.b))
		return ls_fail_set(fail, LS_ERROR_BAD_VALUE, "wg_public_key is unchanged");
	/* A node that was revoked is back with this: its name may be taken by now. */
	return state_index_check(node->network, &node, 1, info->peer.name, wg, fail);
}

/* One current key gives way to a new one, or comes back into force with the other. */
static void change_one_key(struct direct_change *c, const struct node *node, enum key_type type,
                           const uint8_t old[static LS_KEY_LEN], const uint8_t *new_key)
{
	bool was_revoked = node->record->revoked_at != 0;

	if (!new_key) {
		if (was_revoked)
			state_direct_revoke_key(c, node->id, type, old, 0);
		return;
	}
	if (!was_revoked)
		state_direct_revoke_key(c, node->id, type, old, c->origin.now);
	state_direct_add_key(c, node->id, type, new_key);
}

static const char *rotated_text(const struct key_rotation *rotation)
{
	if (rotation->has_machine && rotation->has_wg)
		return "machine and wire_guard";
	return rotation->has_machine ? "machine" : "wire_guard";
}

int state_keys_rotate(struct server_state *state, struct node *node,
                      const struct key_rotation *rotation, const struct origin *origin,
                      struct ls_fail *fail)
{
	struct node_record draft = *node->record;
	struct direct_change c;
	int r = check_rotation(node, rotation, fail);

	if (r < 0)
		return r;
	state_direct_begin(&c, state, node->network, origin);
	change_one_key(&c, node, KEY_TYPE_MACHINE, draft.info.machine_public_key.b,
	               rotation->has_machine ? rotation->machine_public_key.b : NULL);
	change_one_key(&c, node, KEY_TYPE_WIREGUARD, draft.info.peer.wg_public_key.b,
	               rotation->has_wg ? rotation->wg_public_key.b : NULL);
	if (rotation->has_machine) {
		draft.info.machine_public_key = rotation->machine_public_key;
		draft.machine_key_since = origin->now;
	}
	if (rotation->has_wg) {
		draft.info.peer.wg_public_key = rotation->wg_public_key;
		draft.wg_key_since = origin->now;
	}
	draft.info.revoked = false;
	draft.revoked_at = 0;
	state_direct_audit(&c, "keys.rotate", node->id, rotated_text(rotation));
	c.bumps = true;
	r = commit_record(&c, node, &draft, fail);
	state_direct_done(&c);
	if (r == 0)
		ls_info("keys.rotated", "node=%s network=%s", node->id, node->network->id);
	return r;
}

/* The endpoints that a heartbeat stands for: the observed one first, none twice. The items point
 * into the heartbeat and `observed`. */
static struct string_list heartbeat_endpoints(const struct heartbeat *heartbeat,
                                              const struct ls_ip *source,
                                              const char *items[static LIMIT_ENDPOINTS],
                                              char observed[static LS_ENDPOINT_TEXT])
{
	struct ls_endpoint endpoint = {.ip = *source, .port = heartbeat->listen_port};
	size_t n = 0;

	if (heartbeat->listen_port != 0 && source->family != LS_FAMILY_NONE)
		items[n++] = ls_endpoint_format(&endpoint, observed);
	for (size_t i = 0; i < heartbeat->endpoints.count && n < LIMIT_ENDPOINTS; i++) {
		bool known = false;

		for (size_t k = 0; k < n && !known; k++)
			known = strcmp(items[k], heartbeat->endpoints.items[i]) == 0;
		if (!known)
			items[n++] = heartbeat->endpoints.items[i];
	}
	return (struct string_list){.items = items, .count = n};
}

static bool same_strings(struct string_list a, struct string_list b)
{
	if (a.count != b.count)
		return false;
	for (size_t i = 0; i < a.count; i++) {
		if (strcmp(a.items[i], b.items[i]) != 0)
			return false;
	}
	return true;
}

static bool same_routes(struct route_list a, struct route_list b)
{
	if (a.count != b.count)
		return false;
	for (size_t i = 0; i < a.count; i++) {
		const struct route *x = &a.items[i], *y = &b.items[i];

		if (x->kind != y->kind || x->enabled != y->enabled ||
		    x->has_mapped != y->has_mapped || !ls_prefix_equal(&x->prefix, &y->prefix))
			return false;
		if (x->has_mapped && !ls_prefix_equal(&x->mapped_prefix, &y->mapped_prefix))
			return false;
	}
	return true;
}

/* A route inside the overlay would take the addresses of other nodes away from them. One that
 * contains the overlay is fine: the nodes' own addresses are longer prefixes. */
static int check_route(const struct network_info *info, const struct ls_prefix *prefix,
                       struct ls_fail *fail)
{
	const struct ls_prefix *overlay =
	        prefix->ip.family == LS_FAMILY_V4 ? &info->overlay_v4 : &info->overlay_v6;
	char text[LS_PREFIX_TEXT], own[LS_PREFIX_TEXT];

	if (prefix->bits < overlay->bits || !ls_prefix_overlaps(overlay, prefix))
		return 0;
	return ls_fail_set(fail, LS_ERROR_BAD_VALUE,
	                   "route %s lies inside the network's own overlay %s",
	                   ls_prefix_format(prefix, text), ls_prefix_format(overlay, own));
}

static int check_routes(const struct node *node, struct route_list routes, struct ls_fail *fail)
{
	const struct network_info *info = &node->network->record->info;
	int r = 0;

	for (size_t i = 0; r == 0 && i < routes.count; i++) {
		r = check_route(info, &routes.items[i].prefix, fail);
		if (r == 0 && routes.items[i].has_mapped)
			r = check_route(info, &routes.items[i].mapped_prefix, fail);
	}
	return r;
}

/* Keeps the list in the order of time, and free of those that nobody will be told of any more. */
static void note_probe(struct node *node, int64_t now)
{
	struct ls_list *list = &node->network->probing;

	LS_LIST_EACH_SAFE (it, tmp, list) {
		const struct node *other = LS_CONTAINER(it, struct node, probing);

		if (now - other->probe_at < STATE_PROBE_S)
			break;
		ls_list_remove(it);
	}
	ls_list_remove(&node->probing);
	node->probe_at = now;
	ls_list_append(list, &node->probing);
}

static int write_heartbeat(struct server_state *state, struct node *node, struct node_record *draft,
                           const struct heartbeat *heartbeat, const struct origin *origin,
                           struct ls_fail *fail)
{
	struct direct_change c;
	int r;

	state_direct_begin(&c, state, node->network, origin);
	/* A node that is not in force is in nobody's netmap: it wakes no one. */
	c.bumps = node->in_force;
	if (draft)
		r = commit_record(&c, node, draft, fail);
	else /* nothing to keep but the revision, which tells the others to probe */
		r = state_direct_commit(&c, fail);
	if (r == 0 && heartbeat->probe && node->in_force)
		note_probe(node, origin->now);
	if (r == 0 && !draft)
		state_direct_publish(&c);
	state_direct_done(&c);
	return r;
}

int state_heartbeat(struct server_state *state, struct node *node,
                    const struct heartbeat *heartbeat, const struct origin *origin,
                    struct ls_fail *fail)
{
	const char *items[LIMIT_ENDPOINTS];
	char observed[LS_ENDPOINT_TEXT];
	struct string_list endpoints =
	        heartbeat_endpoints(heartbeat, &origin->source, items, observed);
	struct node_record draft = *node->record;
	bool changed;
	int r = check_routes(node, heartbeat->routes, fail);

	if (r < 0)
		return r;
	changed = !same_strings(endpoints, draft.info.peer.endpoints) ||
	          !same_routes(heartbeat->routes, draft.info.peer.routes);
	draft.info.peer.endpoints = endpoints;
	draft.info.peer.routes = heartbeat->routes;
	if (changed || (heartbeat->probe && node->in_force))
		r = write_heartbeat(state, node, changed ? &draft : NULL, heartbeat, origin, fail);
	if (r == 0 && changed)
		ls_debug("node.moved", "node=%s network=%s endpoints=%zu routes=%zu", node->id,
		         node->network->id, endpoints.count, heartbeat->routes.count);
	if (r == 0)
		state_node_seen(node, state, origin->now);
	state_deadline_tell(state);
	return r;
}
