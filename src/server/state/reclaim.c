/* SPDX-License-Identifier: Apache-2.0 */
/* Anyone who knows a network's id may ask to join it, so requests that nobody approved in time must
 * not keep names and addresses from those who come later. They stay for as long as they are in
 * nobody's way: an admin can still approve them by id. */
#include "server/state/reclaim.h"

#include <string.h>

#include "server/state/index.h"
#include "server/state/state.h"

static bool is_expired_request(const struct node *node, int64_t now)
{
	const struct node_record *record = node->record;

	return record->approved_at == 0 && record->has_approval_secret &&
	       now >= record->approval_expires_at;
}

static struct node *oldest_expired(const struct network *network, int64_t now)
{
	struct node *oldest = NULL, *node;
	size_t cursor = 0;

	while ((node = ls_map_next(network->names, &cursor))) {
		if (is_expired_request(node, now) &&
		    (!oldest ||
		     node->record->approval_expires_at < oldest->record->approval_expires_at))
			oldest = node;
	}
	return oldest;
}

bool state_pending_is_full(const struct network *network)
{
	uint32_t half = (network->v4.last - network->v4.first) / 2 + 1;

	return network->pending >= STATE_PENDING_MAX || network->pending >= half;
}

static bool is_full(struct network *network)
{
	struct ls_ip ip;

	return state_pending_is_full(network) || state_address_pool_next(&network->v4, &ip) < 0 ||
	       state_address_pool_next(&network->v6, &ip) < 0;
}

int state_reclaim_for(struct server_state *state, struct network *network, const char *name,
                      const struct wg_public_key *key, int64_t now, struct ls_fail *fail)
{
	const struct origin origin = state_origin_of_server(now);
	char folded[LIMIT_NODE_NAME_LEN + 1];
	struct node *node;
	int r = 0;

	if (network->pending == 0)
		return 0;
	state_name_fold(name, folded);
	node = ls_map_get(network->names, folded, strlen(folded));
	if (node && is_expired_request(node, now))
		r = state_node_delete(state, node, &origin, fail);
	node = ls_map_get(network->wg_keys, key->b, sizeof(key->b));
	if (r == 0 && node && is_expired_request(node, now))
		r = state_node_delete(state, node, &origin, fail);
	if (r == 0 && is_full(network) && (node = oldest_expired(network, now)))
		r = state_node_delete(state, node, &origin, fail);
	return r;
}
