/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/netmap_same.h"

#include "base/str.h"

static bool same_strings(struct string_list a, struct string_list b)
{
	if (a.count != b.count)
		return false;
	for (size_t i = 0; i < a.count; i++) {
		if (!ls_streq(a.items[i], b.items[i]))
			return false;
	}
	return true;
}

static bool same_route(const struct route *a, const struct route *b)
{
	return ls_prefix_equal(&a->prefix, &b->prefix) && a->kind == b->kind &&
	       a->enabled == b->enabled && a->has_mapped == b->has_mapped &&
	       (!a->has_mapped || ls_prefix_equal(&a->mapped_prefix, &b->mapped_prefix));
}

static bool same_peer(const struct peer_info *a, const struct peer_info *b)
{
	if (!ls_streq(a->id, b->id) || !ls_streq(a->name, b->name) ||
	    !ls_streq(a->dns_name, b->dns_name) || !ls_ip_equal(&a->ipv4, &b->ipv4) ||
	    !ls_ip_equal(&a->ipv6, &b->ipv6) ||
	    !key_equal(a->wg_public_key.b, b->wg_public_key.b) ||
	    !same_strings(a->endpoints, b->endpoints) || !same_strings(a->tags, b->tags) ||
	    a->routes.count != b->routes.count)
		return false;
	for (size_t i = 0; i < a->routes.count; i++) {
		if (!same_route(&a->routes.items[i], &b->routes.items[i]))
			return false;
	}
	return true;
}

static bool same_node(const struct node_info *a, const struct node_info *b)
{
	return same_peer(&a->peer, &b->peer) && a->approved == b->approved &&
	       a->revoked == b->revoked && a->key_rotation_required == b->key_rotation_required &&
	       key_equal(a->machine_public_key.b, b->machine_public_key.b) &&
	       ls_streq(a->owner_user_id, b->owner_user_id) &&
	       ls_streq(a->owner_email, b->owner_email) && a->owner_is_admin == b->owner_is_admin;
}

static bool same_network(const struct network_info *a, const struct network_info *b)
{
	return ls_streq(a->id, b->id) && ls_streq(a->name, b->name) &&
	       ls_prefix_equal(&a->overlay_v4, &b->overlay_v4) &&
	       ls_prefix_equal(&a->overlay_v6, &b->overlay_v6) &&
	       ls_streq(a->dns_domain, b->dns_domain) &&
	       a->requires_approval == b->requires_approval &&
	       a->has_key_max_age == b->has_key_max_age &&
	       a->key_rotation_max_age_seconds == b->key_rotation_max_age_seconds;
}

static bool same_relay(const struct netmap *a, const struct netmap *b)
{
	return a->has_relay == b->has_relay &&
	       same_strings(a->relay.stun_servers, b->relay.stun_servers) &&
	       same_strings(a->relay.turn_servers, b->relay.turn_servers) &&
	       same_strings(a->relay.stream_relay_servers, b->relay.stream_relay_servers) &&
	       same_strings(a->relay.udp_relay_servers, b->relay.udp_relay_servers) &&
	       same_strings(a->relay.dns_servers, b->relay.dns_servers);
}

bool agent_netmap_same(const struct netmap *a, const struct netmap *b)
{
	if (!a || !b)
		return a == b;
	if (a->peer_count != b->peer_count || !same_network(&a->network, &b->network) ||
	    !same_node(&a->node, &b->node) || !same_relay(a, b))
		return false;
	for (size_t i = 0; i < a->peer_count; i++) {
		if (!same_peer(&a->peers[i], &b->peers[i]))
			return false;
	}
	return true;
}
