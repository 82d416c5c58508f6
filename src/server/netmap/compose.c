/* SPDX-License-Identifier: Apache-2.0 */
#include "server/netmap/compose.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "server/netmap/sight.h"
#include "server/state/classes.h"
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
	size_t *shared;
	bool any;
};

static int join(struct joiner *j, struct text *text, size_t from, size_t end)
{
	if (from == end)
		return 0;
	from += j->any ? 0 : 1;
	j->any = true;
	return state_text_append(text, from, end - from, j->out, j->shared);
}

/* Adds the nodes of a group that the viewer sees, in pieces of a view: a piece ends before a node
 * that the view has and the viewer does not see, or that is the viewer. */
static int join_group(struct joiner *j, const struct node *viewer, struct roster_group *group,
                      const struct roster_mask *seen)
{
	struct roster_view *view = state_roster_view(group, seen);
	struct text *text = state_roster_view_text(group, view);
	size_t from = 0, end = 0;

	if (!text)
		return -ENOMEM;
	for (size_t i = 0; i < ROSTER_GROUP; i++) {
		if (!roster_mask_has(seen, i) || group->nodes[i] == viewer)
			continue;
		if (view->at[i] != end) {
			int r = join(j, text, from, end);

			if (r < 0)
				return r;
			from = view->at[i];
		}
		end = view->at[i + 1];
	}
	return join(j, text, from, end);
}

static int add_peers(struct network *network, struct node *viewer, struct joiner *j)
{
	struct acl_class *class = viewer->active ? state_class_of(viewer) : NULL;
	int r = 0;

	for (size_t i = 0; class && r == 0 && i < network->roster->group_count; i++) {
		const struct roster_mask *seen = state_class_sight(network, class, i);

		r = seen ? join_group(j, viewer, network->roster->groups[i], seen) : -ENOMEM;
	}
	return r;
}

static int add_probes(struct network *network, struct node *viewer, int64_t now, struct joiner *j)
{
	int r = 0;

	LS_LIST_EACH (it, &network->probing) {
		struct node *node = LS_CONTAINER(it, struct node, probing);
		const struct peer_info *peer = &node->record->info.peer;
		struct probe_request probe = {.peer_id = peer->id,
		                              .endpoints = peer->endpoints,
		                              .ipv4 = peer->ipv4,
		                              .ipv6 = peer->ipv6,
		                              .requested_at = node->probe_at};
		struct text *text;

		if (now - node->probe_at >= STATE_PROBE_S || !netmap_sight_sees(viewer, node))
			continue;
		text = state_text_from_json(",", proto_probe_request_encode(&probe));
		r = text ? join(j, text, 0, text->len) : -ENOMEM;
		state_text_unref(text);
		if (r < 0)
			break;
	}
	return r;
}

bool netmap_has_news_of_probes(struct node *viewer, int64_t now)
{
	const struct network *network = viewer->network;

	if (viewer->probes_told >= network->probes_shown)
		return false;
	LS_LIST_EACH (it, &network->probing) {
		struct node *node = LS_CONTAINER(it, struct node, probing);

		if (node != viewer && node->probe_number > viewer->probes_told &&
		    now - node->probe_at < STATE_PROBE_S && netmap_sight_sees(viewer, node))
			return true;
	}
	return false;
}

static int add_text(struct evbuffer *out, const char *name, struct text *text, size_t *shared)
{
	int r = text ? add(out, name) : -ENOMEM;

	return r < 0 ? r : state_text_append(text, 0, text->len, out, shared);
}

int netmap_compose(struct node *node, struct text *relay, int64_t now, struct evbuffer *out,
                   size_t *shared)
{
	struct network *network = node->network;
	int r = add_text(out, "{\"network\":", network_text(network), shared);

	if (r == 0)
		r = add_text(out, ",\"node\":", own_text(node), shared);
	if (r == 0)
		r = add(out, ",\"peers\":[");
	if (r == 0)
		r = add_peers(network, node, &(struct joiner){.out = out, .shared = shared});
	if (r == 0)
		r = add_text(out, "],\"relay\":", relay, shared);
	if (r == 0)
		r = add(out, ",\"probe_requests\":[");
	node->probes_told = network->probe_count;
	if (r == 0)
		r = add_probes(network, node, now, &(struct joiner){.out = out, .shared = shared});
	if (r == 0 &&
	    evbuffer_add_printf(out, "],\"generated_at\":%" PRId64 ",\"revision\":%" PRIu64 "}",
	                        now, network->revision) < 0)
		r = -ENOMEM;
	return r;
}
