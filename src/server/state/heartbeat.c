/* SPDX-License-Identifier: Apache-2.0 */
/* Heartbeats: nodes report their endpoints and routes. */
#include <inttypes.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "proto/peer_endpoint.h"
#include "server/state/change.h"
#include "server/state/deadline.h"
#include "server/state/gather.h"
#include "server/state/index.h"
#include "server/state/seen.h"
#include "server/state/state.h"

/* Why no other node may be sent to this address; NULL when it may. */
static const char *endpoint_fault(const struct network_info *info, const struct ls_ip *ip)
{
	if (ls_prefix_contains(&info->overlay_v4, ip) || ls_prefix_contains(&info->overlay_v6, ip))
		return "it lies inside the network itself";
	return proto_peer_endpoint_fault(ip);
}

/* The result of heartbeat_endpoints(), and what it dropped. */
struct endpoint_texts {
	const char *items[LIMIT_ENDPOINTS];
	char observed[LS_ENDPOINT_TEXT];
	size_t dropped;
	const char *first; /* of those dropped */
	const char *fault;
};

/* True when the endpoint must be dropped. A name cannot be judged: each node resolves it. */
static bool drops(const struct network_info *info, const char *text, struct endpoint_texts *texts)
{
	struct ls_endpoint endpoint;
	const char *fault = NULL;

	if (ls_endpoint_parse(text, &endpoint) == 0)
		fault = endpoint_fault(info, &endpoint.ip);
	if (fault && texts->dropped++ == 0) {
		texts->first = text;
		texts->fault = fault;
	}
	return fault != NULL;
}

/* The endpoints that a heartbeat gives the node: first the observed one (the source's address with
 * listen_port), then those in the heartbeat, without duplicates and without those that would aim
 * other nodes at themselves, at many hosts, or into the tunnel. The items point into the heartbeat
 * and `texts`. */
static struct string_list heartbeat_endpoints(const struct network_info *info,
                                              const struct heartbeat *heartbeat,
                                              const struct ls_ip *source,
                                              struct endpoint_texts *texts)
{
	struct ls_endpoint endpoint = {.ip = *source, .port = heartbeat->listen_port};
	const char **items = texts->items;
	size_t n = 0;

	texts->dropped = 0;
	texts->first = texts->fault = "";
	/* The address of a proxy, or of this host itself, is nobody's mistake. */
	if (heartbeat->listen_port != 0 && source->family != LS_FAMILY_NONE &&
	    !endpoint_fault(info, source))
		items[n++] = ls_endpoint_format(&endpoint, texts->observed);
	for (size_t i = 0; i < heartbeat->endpoints.count && n < LIMIT_ENDPOINTS; i++) {
		const char *text = heartbeat->endpoints.items[i];
		bool skips = drops(info, text, texts);

		for (size_t k = 0; k < n && !skips; k++)
			skips = strcmp(items[k], text) == 0;
		if (!skips)
			items[n++] = text;
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

/* A route inside the overlay could take traffic away from other nodes. A route that contains the
 * overlay is fine: the nodes' own addresses are longer prefixes and win. */
static bool lies_inside(const struct network_info *info, const struct ls_prefix *prefix)
{
	const struct ls_prefix *overlay =
	        prefix->ip.family == LS_FAMILY_V4 ? &info->overlay_v4 : &info->overlay_v6;

	return prefix->bits >= overlay->bits && ls_prefix_overlaps(overlay, prefix);
}

void state_heartbeat_trim(const struct node *node, struct heartbeat *heartbeat,
                          struct ls_arena *arena)
{
	const struct network_info *info = &node->network->record->info;
	struct route *items = (struct route *)(uintptr_t)heartbeat->routes.items;
	size_t kept = 0;

	for (size_t i = 0; i < heartbeat->routes.count; i++) {
		const struct route *route = &items[i];
		char text[LS_PREFIX_TEXT];

		if (lies_inside(info, &route->prefix) ||
		    (route->has_mapped && lies_inside(info, &route->mapped_prefix)))
			proto_heartbeat_warn(heartbeat, arena, "route",
			                     ls_prefix_format(&route->prefix, text),
			                     "it lies inside the network's own overlay");
		else
			items[kept++] = *route;
	}
	heartbeat->routes.count = kept;
	for (size_t i = 0; i < heartbeat->endpoints.count; i++) {
		struct ls_endpoint endpoint;
		const char *why = ls_endpoint_parse(heartbeat->endpoints.items[i], &endpoint) == 0
		                          ? endpoint_fault(info, &endpoint.ip)
		                          : NULL;

		if (why)
			proto_heartbeat_warn(heartbeat, arena, "endpoint",
			                     heartbeat->endpoints.items[i], why);
	}
}

/* Adds the node to the end of the list, which is in the order of time, and removes the nodes whose
 * wish for probes is too old to be passed on. */
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
	node->probe_number = ++node->network->probe_count;
	ls_list_append(list, &node->probing);
}

/* Drafts the node's record after the heartbeat; false when endpoints and routes stay the same. */
static bool draft_record(const struct node *node, const struct heartbeat *heartbeat,
                         const struct origin *origin, struct endpoint_texts *texts,
                         struct node_record *ret)
{
	struct string_list endpoints = heartbeat_endpoints(&node->network->record->info, heartbeat,
	                                                   &origin->source, texts);
	const struct peer_info *peer = &node->record->info.peer;

	*ret = *node->record;
	ret->info.peer.endpoints = endpoints;
	ret->info.peer.routes = heartbeat->routes;
	ret->info.peer.last_seen = node->last_seen;
	return !same_strings(endpoints, peer->endpoints) ||
	       !same_routes(heartbeat->routes, peer->routes);
}

/* A node that is not active is in no netmap, so its wish for probes must not wake other nodes. */
static bool wants_probes(const struct node *node, const struct heartbeat *heartbeat)
{
	return heartbeat->probe && node->active;
}

/* A wish for probes is no new revision, since existing clients take all their peers down and up
 * again for one. It is only told. */
static void nothing_moved(struct server_state *state, struct node *node,
                          const struct heartbeat *heartbeat, int64_t now, uint64_t now_ns)
{
	if (wants_probes(node, heartbeat)) {
		note_probe(node, now);
		state_gather_add(state, node->network, node, now_ns);
	}
	state_node_seen(node, state, now);
}

static int check_heartbeat(struct change *c, struct ls_fail *fail)
{
	const struct heartbeat *heartbeat = c->request;
	struct endpoint_texts texts;
	struct node_record draft;

	(void)fail;
	if (!draft_record(c->node, heartbeat, &c->origin, &texts, &draft)) {
		nothing_moved(c->state, c->node, heartbeat, c->state->now, c->origin.now_ns);
		return CHANGE_NOTHING;
	}
	c->bumps = c->gathers = c->node->active;
	state_change_put_node(c, store_node_record_new(&draft));
	return 0;
}

static void apply_heartbeat(struct change *c)
{
	const struct heartbeat *heartbeat = c->request;
	struct node *node = c->node;

	state_node_replace(node, LS_STEAL(c->node_record), c->state);
	ls_debug("node.moved", "node=%s network=%s endpoints=%zu routes=%zu", node->id,
	         node->network->id, node->record->info.peer.endpoints.count,
	         node->record->info.peer.routes.count);
	if (wants_probes(node, heartbeat))
		note_probe(node, c->state->now);
	state_node_seen(node, c->state, c->state->now);
}

/* Counts what was dropped, and logs it once per node until the number changes. */
static void note_dropped(struct server_state *state, struct node *node,
                         const struct endpoint_texts *texts, uint64_t now_ns)
{
	static struct ls_ratelimit limit = LS_RATELIMIT_INIT(10, 10 * LS_NS_PER_S);

	state->endpoints_dropped += texts->dropped;
	if (!ls_once_news(&node->said_dropped, (int64_t)texts->dropped) ||
	    !ls_ratelimit_pass(&limit, now_ns))
		return;
	ls_warn("node.endpoints_dropped",
	        "node=%s network=%s count=%zu first=%s reason=\"%s\" suppressed=%" PRIu64, node->id,
	        node->network->id, texts->dropped, texts->first, texts->fault, limit.suppressed);
	limit.suppressed = 0;
}

uint64_t state_endpoints_dropped(const struct server_state *state)
{
	return state->endpoints_dropped;
}

static void note_instance(struct node *node, const struct heartbeat *heartbeat,
                          const struct origin *origin)
{
	char source[LS_IP_TEXT];

	if (state_instances_note(&node->instances, heartbeat->instance, origin->now_ns))
		ls_warn("node.cloned",
		        "node=%s network=%s name=%s source=%s reason=\"two machines run with the "
		        "state of this node and take turns; register one of them again\"",
		        node->id, node->network->id, node->record->info.peer.name,
		        ls_ip_format(&origin->source, source));
}

/* True when the heartbeat changes nothing, and no change of the node is waiting or being written
 * that could make a difference. */
static bool says_nothing_new(struct server_state *state, struct node *node,
                             const struct heartbeat *heartbeat, const struct origin *origin)
{
	struct endpoint_texts texts;
	struct node_record draft;
	bool moved = draft_record(node, heartbeat, origin, &texts, &draft);

	note_dropped(state, node, &texts, origin->now_ns);
	return node->changes == 0 && !moved;
}

int state_heartbeat(struct server_state *state, struct node *node,
                    const struct heartbeat *heartbeat, const struct origin *origin,
                    struct state_completion then, struct ls_fail *fail)
{
	static const struct change_kind kind = {check_heartbeat, apply_heartbeat};
	static const struct state_secrets no_secrets;
	const struct state_outcome nothing_new = {
	        .network = node->network, .node = node, .secrets = &no_secrets};
	struct change *c;

	note_instance(node, heartbeat, origin);
	if (says_nothing_new(state, node, heartbeat, origin)) {
		nothing_moved(state, node, heartbeat, origin->now, origin->now_ns);
		then.done(then.arg, &nothing_new);
		state_deadline_tell(state);
		return 0;
	}
	c = state_change_new(state, &kind, node->network, origin, then);
	state_change_of_node(c, node);
	c->request = heartbeat;
	return state_change_begin(c, fail);
}
