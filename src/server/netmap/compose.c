/* SPDX-License-Identifier: Apache-2.0 */
#include "server/netmap/compose.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "server/netmap/sight.h"
#include "server/state/objects.h"
#include "server/state/roster.h"
#include "server/state/state.h"

struct node_info netmap_node_info(const struct node *node)
{
	struct node_info info = node->record->info;

	info.peer.last_seen = node->last_seen;
	info.key_rotation_required = node->rotation_required;
	return info;
}

static struct text *network_text(struct network *network)
{
	if (!network->info_text)
		network->info_text =
		        state_text_from_json("", proto_network_info_encode(&network->record->info));
	return network->info_text;
}

static struct text *own_text(struct node *node)
{
	struct node_info info;

	if (!node->own_text) {
		info = netmap_node_info(node);
		/* A node that is not active sees itself as not approved. */
		info.approved = node->active;
		node->own_text = state_text_from_json("", proto_node_info_encode(&info));
	}
	return node->own_text;
}

static int add(struct evbuffer *out, const char *s)
{
	return evbuffer_add(out, s, strlen(s)) == 0 ? 0 : -ENOMEM;
}

/* Joins pieces of text that each start with a comma, and skips the first comma. */
struct joiner {
	struct evbuffer *out;
	bool any;
};

static int join(struct joiner *j, struct text *piece)
{
	size_t skip = j->any ? 0 : 1;

	if (!piece)
		return -ENOMEM;
	if (piece->len == 0)
		return 0;
	j->any = true;
	return state_text_append(piece, skip, j->out);
}

/* Adds the active nodes of the viewer's own group, without the viewer. */
static int join_own_group(struct joiner *j, struct roster_group *group, const struct node *viewer)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < ROSTER_GROUP; i++) {
		struct node *node = group->nodes[i];

		if (node && node != viewer && node->active)
			r = join(j, state_roster_peer_text(node));
	}
	return r;
}

static int join_all(struct joiner *j, struct roster *roster, const struct node *viewer)
{
	size_t own = viewer->slot / ROSTER_GROUP;
	int r = 0;

	for (size_t i = 0; r == 0 && i < roster->group_count; i++) {
		if (i == own)
			r = join_own_group(j, roster->groups[i], viewer);
		else
			r = join(j, state_roster_group_text(roster->groups[i]));
	}
	return r;
}

static int join_seen(struct joiner *j, struct network *network, const struct node *viewer)
{
	struct node *node;
	int r = 0;

	for (size_t slot = 0; r == 0 && (node = state_roster_next(network->roster, &slot));
	     slot++) {
		if (netmap_sight_mutual(network, viewer, node))
			r = join(j, state_roster_peer_text(node));
	}
	return r;
}

static int add_peers(struct network *network, const struct node *viewer, struct evbuffer *out)
{
	struct joiner j = {.out = out};

	if (!viewer->active)
		return 0;
	if (netmap_sight_open(network))
		return join_all(&j, network->roster, viewer);
	return join_seen(&j, network, viewer);
}

static int add_probes(struct network *network, const struct node *viewer, int64_t now,
                      struct evbuffer *out)
{
	struct joiner j = {.out = out};
	int r = 0;

	LS_LIST_EACH (it, &network->probing) {
		const struct node *node = LS_CONTAINER(it, struct node, probing);
		const struct peer_info *peer = &node->record->info.peer;
		struct probe_request probe = {.peer_id = peer->id,
		                              .endpoints = peer->endpoints,
		                              .ipv4 = peer->ipv4,
		                              .ipv6 = peer->ipv6,
		                              .requested_at = node->probe_at};
		struct text *text;

		if (now - node->probe_at >= STATE_PROBE_S ||
		    !netmap_sight_mutual(network, viewer, node))
			continue;
		text = state_text_from_json(",", proto_probe_request_encode(&probe));
		r = join(&j, text);
		state_text_unref(text);
		if (r < 0)
			break;
	}
	return r;
}

static int add_text(struct evbuffer *out, const char *name, struct text *text)
{
	int r = text ? add(out, name) : -ENOMEM;

	return r < 0 ? r : state_text_append(text, 0, out);
}

int netmap_compose(struct node *node, struct text *relay, int64_t now, struct evbuffer *out)
{
	struct network *network = node->network;
	int r = add_text(out, "{\"network\":", network_text(network));

	if (r == 0)
		r = add_text(out, ",\"node\":", own_text(node));
	if (r == 0)
		r = add(out, ",\"peers\":[");
	if (r == 0)
		r = add_peers(network, node, out);
	if (r == 0)
		r = add_text(out, "],\"relay\":", relay);
	if (r == 0)
		r = add(out, ",\"probe_requests\":[");
	if (r == 0)
		r = add_probes(network, node, now, out);
	if (r == 0 &&
	    evbuffer_add_printf(out, "],\"generated_at\":%" PRId64 ",\"revision\":%" PRIu64 "}",
	                        now, network->record->revision) < 0)
		r = -ENOMEM;
	return r;
}
