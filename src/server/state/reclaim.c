/* SPDX-License-Identifier: Apache-2.0 */
/* Anyone who knows a network's id may ask to join it. So requests that nobody approved in time must
 * not block names and addresses for others. They are deleted only when they are in the way: until
 * then an admin can still approve them by id. */
#include "server/state/reclaim.h"

#include <string.h>

#include "base/log.h"
#include "server/state/index.h"
#include "server/state/watcher.h"

static bool is_expired_request(const struct node *node, int64_t now)
{
	const struct node_record *record = node->record;

	return record->approved_at == 0 && record->has_approval_secret &&
	       now >= record->approval_expires_at;
}

static bool is_reclaimed(const struct change *c, const struct node *node)
{
	for (size_t i = 0; i < c->reclaim_count; i++) {
		if (c->reclaims[i] == node)
			return true;
	}
	return false;
}

static struct node *oldest_expired(const struct change *c)
{
	struct node *oldest = NULL, *node;
	size_t cursor = 0;

	while ((node = ls_map_next(c->network->names, &cursor))) {
		if (is_expired_request(node, c->origin.now) && !is_reclaimed(c, node) &&
		    (!oldest ||
		     node->record->approval_expires_at < oldest->record->approval_expires_at))
			oldest = node;
	}
	return oldest;
}

bool state_pending_is_full(const struct change *c)
{
	const struct network *network = c->network;
	size_t pending = network->pending - c->reclaim_count;
	uint32_t half = (network->v4.last - network->v4.first) / 2 + 1;

	return pending >= STATE_PENDING_MAX || pending >= half;
}

/* A node that the change deletes also frees its addresses. */
static bool is_full(const struct change *c)
{
	struct network *network = c->network;
	struct ls_ip ip;

	if (state_pending_is_full(c))
		return true;
	return c->reclaim_count == 0 && (state_address_pool_next(&network->v4, &ip) < 0 ||
	                                 state_address_pool_next(&network->v6, &ip) < 0);
}

static void reclaim(struct change *c, struct node *node)
{
	const struct origin origin = state_origin_of_server(c->origin.now);

	if (is_reclaimed(c, node))
		return;
	c->reclaims[c->reclaim_count++] = node;
	state_change_add(c, &(struct store_op){.kind = STORE_NODE_DELETE, .id = node->id});
	state_change_audit(c, &origin, "node.delete", node->id, node->record->info.peer.name);
}

void state_reclaim_for(struct change *c, const char *name, const struct wg_public_key *key)
{
	const struct network *network = c->network;
	int64_t now = c->origin.now;
	char folded[LIMIT_NODE_NAME_LEN + 1];
	struct node *node;

	if (network->pending == 0)
		return;
	state_name_fold(name, folded);
	node = ls_map_get(network->names, folded, strlen(folded));
	if (node && is_expired_request(node, now))
		reclaim(c, node);
	node = ls_map_get(network->wg_keys, key->b, sizeof(key->b));
	if (node && is_expired_request(node, now))
		reclaim(c, node);
	node = is_full(c) ? oldest_expired(c) : NULL;
	if (node)
		reclaim(c, node);
}

void state_reclaim_apply(struct change *c)
{
	for (size_t i = 0; i < c->reclaim_count; i++) {
		struct node *node = c->reclaims[i];

		ls_info("node.deleted", "node=%s network=%s", node->id, c->network->id);
		state_tell_node_gone(c->state, node);
		state_node_unlink_and_free(node, c->state);
	}
}
