/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/netmap.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "proto/limits.h"

void proto_network_info_read(const struct json_at *at, struct network_info *ret)
{
	struct json_at age = json_member(at, "key_rotation_max_age_seconds");

	*ret = (struct network_info){
	        .id = json_read_string(at, "id", LIMIT_ID_LEN),
	        .name = json_read_text(at, "name", LIMIT_READ_LEN),
	        .dns_domain = json_read_text(at, "dns_domain", LIMIT_READ_LEN),
	        .requires_approval = json_read_bool_or(at, "requires_approval", false),
	        .has_key_max_age = json_present(&age),
	        .key_rotation_max_age_seconds =
	                json_read_u64_or(at, "key_rotation_max_age_seconds", INT64_MAX, 0),
	};
	json_read_prefix(at, "overlay_v4", LS_FAMILY_V4, &ret->overlay_v4);
	json_read_prefix(at, "overlay_v6", LS_FAMILY_V6, &ret->overlay_v6);
}

static void peer_info_read(const struct json_at *at, struct peer_info *ret)
{
	*ret = (struct peer_info){
	        .id = json_read_string(at, "id", LIMIT_ID_LEN),
	        .name = json_read_text(at, "name", LIMIT_READ_LEN),
	        .dns_name = json_read_text(at, "dns_name", LIMIT_READ_LEN),
	        .endpoints = json_read_strings(at, "endpoints", LIMIT_READ, LIMIT_READ_LEN),
	        .tags = json_read_strings(at, "tags", LIMIT_READ, LIMIT_READ_LEN),
	        .routes = proto_route_list_read(at, "routes"),
	        .last_seen = json_read_time_or(at, "last_seen", 0),
	};
	json_read_ip(at, "ipv4", LS_FAMILY_V4, &ret->ipv4);
	json_read_ip(at, "ipv6", LS_FAMILY_V6, &ret->ipv6);
	json_read_key(at, "wg_public_key", ret->wg_public_key.b);
}

void proto_node_info_read(const struct json_at *at, struct node_info *ret)
{
	*ret = (struct node_info){
	        .owner_user_id = json_read_string_or(at, "owner_user_id", LIMIT_READ_LEN, NULL),
	        .owner_email = json_read_string_or(at, "owner_email", LIMIT_READ_LEN, NULL),
	        .owner_is_admin = json_read_bool_or(at, "owner_is_admin", false),
	        .approved = json_read_bool_or(at, "approved", true),
	        .key_rotation_required = json_read_bool_or(at, "key_rotation_required", false),
	        .revoked = json_read_bool_or(at, "revoked", false),
	        .cloned = json_read_bool_or(at, "cloned", false),
	        .approval_expires_at = json_read_time_or(at, "approval_expires_at", 0),
	};
	peer_info_read(at, &ret->peer);
	json_read_key(at, "machine_public_key", ret->machine_public_key.b);
}

bool proto_node_is_active(const struct node_info *node)
{
	return node->approved && !node->revoked && !node->key_rotation_required;
}

static struct string_list read_servers(const struct json_at *at, const char *name)
{
	return json_read_strings(at, name, LIMIT_READ, LIMIT_READ_LEN);
}

static void read_relay(const struct json_at *at, struct relay_config *ret)
{
	*ret = (struct relay_config){
	        .stun_servers = read_servers(at, "stun_servers"),
	        .turn_servers = read_servers(at, "turn_servers"),
	        .stream_relay_servers = read_servers(at, "stream_relay_servers"),
	        .udp_relay_servers = read_servers(at, "udp_relay_servers"),
	        .dns_servers = read_servers(at, "dns_servers"),
	};
}

static void read_probe(const struct json_at *at, struct probe_request *ret)
{
	*ret = (struct probe_request){
	        .peer_id = json_read_string(at, "peer_id", LIMIT_ID_LEN),
	        .endpoints = json_read_strings(at, "endpoints", LIMIT_READ, LIMIT_READ_LEN),
	        .requested_at = json_read_time_or(at, "requested_at", 0),
	};
	json_read_ip(at, "ipv4", LS_FAMILY_V4, &ret->ipv4);
	json_read_ip(at, "ipv6", LS_FAMILY_V6, &ret->ipv6);
}

static int by_id(const void *a, const void *b)
{
	const struct peer_info *x = a, *y = b;

	return strcmp(x->id, y->id);
}

static void read_peers(const struct json_at *at, struct netmap *map)
{
	struct json_at list = json_member(at, "peers");
	size_t n = json_count(&list, NETMAP_PEERS_MAX);
	struct peer_info *peers = json_alloc(at->decoder, n, sizeof(*peers));

	if (!json_present(&list))
		json_fail(&list, LS_ERROR_SYNTAX, "missing");
	if (!peers)
		return;
	for (size_t i = 0; i < n && at->decoder->code == 0; i++) {
		struct json_at item = json_item(&list, i);

		peer_info_read(&item, &peers[i]);
	}
	if (at->decoder->code == 0)
		qsort(peers, n, sizeof(*peers), by_id);
	map->peers = peers;
	map->peer_count = n;
}

static void read_probes(const struct json_at *at, struct netmap *map)
{
	struct json_at list = json_member(at, "probe_requests");
	size_t n = json_count(&list, LIMIT_PROBES);
	struct probe_request *probes = json_alloc(at->decoder, n, sizeof(*probes));

	if (!probes)
		return;
	for (size_t i = 0; i < n && at->decoder->code == 0; i++) {
		struct json_at item = json_item(&list, i);

		read_probe(&item, &probes[i]);
	}
	map->probes = probes;
	map->probe_count = n;
}

static void read_netmap(const struct json_at *at, struct netmap *map)
{
	struct json_at network = json_member(at, "network");
	struct json_at node = json_member(at, "node");
	struct json_at relay = json_member(at, "relay");

	proto_network_info_read(&network, &map->network);
	proto_node_info_read(&node, &map->node);
	read_peers(at, map);
	map->has_relay = json_present(&relay);
	if (map->has_relay)
		read_relay(&relay, &map->relay);
	read_probes(at, map);
	map->generated_at = json_read_time_or(at, "generated_at", 0);
	map->revision = json_read_u64_or(at, "revision", INT64_MAX, 0);
}

int proto_netmap_decode(const json_t *json, struct netmap **ret, struct ls_fail *fail)
{
	struct ls_arena *arena = ls_arena_new(NETMAP_ARENA_MAX);
	struct json_decoder decoder = {.arena = arena, .fail = fail, .lenient = true};
	struct json_at root = json_root(&decoder, json, "netmap");
	struct netmap *map = json_alloc(&decoder, 1, sizeof(*map));

	if (map) {
		map->arena = arena;
		read_netmap(&root, map);
	}
	if (decoder.code < 0) {
		ls_arena_free(arena);
		return decoder.code;
	}
	*ret = map;
	return 0;
}

void proto_netmap_free(struct netmap *map)
{
	if (map)
		ls_arena_free(map->arena);
}

json_t *proto_network_info_encode(const struct network_info *network)
{
	struct json_writer w = json_begin();

	json_put_string(&w, "id", network->id);
	json_put_string(&w, "name", network->name);
	json_put_prefix(&w, "overlay_v4", &network->overlay_v4);
	json_put_prefix(&w, "overlay_v6", &network->overlay_v6);
	json_put_string(&w, "dns_domain", network->dns_domain);
	json_put_bool(&w, "requires_approval", network->requires_approval);
	if (network->has_key_max_age)
		json_put_u64(&w, "key_rotation_max_age_seconds",
		             network->key_rotation_max_age_seconds);
	else
		json_put(&w, "key_rotation_max_age_seconds", json_null());
	return json_finish(&w);
}

static void put_peer(struct json_writer *w, const struct peer_info *peer)
{
	json_put_string(w, "id", peer->id);
	json_put_string(w, "name", peer->name);
	json_put_string(w, "dns_name", peer->dns_name);
	json_put_ip(w, "ipv4", &peer->ipv4);
	json_put_ip(w, "ipv6", &peer->ipv6);
	json_put_key(w, "wg_public_key", peer->wg_public_key.b);
	json_put_strings(w, "endpoints", peer->endpoints);
	json_put_strings(w, "tags", peer->tags);
	json_put(w, "routes", proto_route_list_encode(&peer->routes));
	json_put_time(w, "last_seen", peer->last_seen);
}

json_t *proto_peer_info_encode(const struct peer_info *peer)
{
	struct json_writer w = json_begin();

	put_peer(&w, peer);
	return json_finish(&w);
}

json_t *proto_node_info_encode(const struct node_info *node)
{
	struct json_writer w = json_begin();

	put_peer(&w, &node->peer);
	json_put_key(&w, "machine_public_key", node->machine_public_key.b);
	json_put_string(&w, "owner_user_id", node->owner_user_id);
	json_put_string(&w, "owner_email", node->owner_email);
	json_put_bool(&w, "owner_is_admin", node->owner_is_admin);
	json_put_bool(&w, "approved", node->approved);
	json_put_bool(&w, "key_rotation_required", node->key_rotation_required);
	json_put_bool(&w, "revoked", node->revoked);
	if (node->cloned)
		json_put_bool(&w, "cloned", true);
	if (node->approval_expires_at != 0)
		json_put_time(&w, "approval_expires_at", node->approval_expires_at);
	return json_finish(&w);
}

json_t *proto_relay_config_encode(const struct relay_config *relay)
{
	struct json_writer w = json_begin();

	json_put_strings(&w, "stun_servers", relay->stun_servers);
	json_put_strings(&w, "turn_servers", relay->turn_servers);
	json_put_strings(&w, "stream_relay_servers", relay->stream_relay_servers);
	json_put_strings(&w, "udp_relay_servers", relay->udp_relay_servers);
	json_put_strings(&w, "dns_servers", relay->dns_servers);
	return json_finish(&w);
}

json_t *proto_probe_request_encode(const struct probe_request *probe)
{
	struct json_writer w = json_begin();

	json_put_string(&w, "peer_id", probe->peer_id);
	json_put_strings(&w, "endpoints", probe->endpoints);
	json_put_ip(&w, "ipv4", &probe->ipv4);
	json_put_ip(&w, "ipv6", &probe->ipv6);
	json_put_time(&w, "requested_at", probe->requested_at);
	return json_finish(&w);
}

json_t *proto_netmap_encode(const struct netmap *map)
{
	struct json_writer w = json_begin();
	json_t *peers = json_array(), *probes = json_array();

	for (size_t i = 0; i < map->peer_count; i++) {
		if (!key_is_zero(map->peers[i].wg_public_key.b))
			w.failed |= !json_append(peers, proto_peer_info_encode(&map->peers[i]));
	}
	for (size_t i = 0; i < map->probe_count; i++)
		w.failed |= !json_append(probes, proto_probe_request_encode(&map->probes[i]));
	json_put(&w, "network", proto_network_info_encode(&map->network));
	json_put(&w, "node", proto_node_info_encode(&map->node));
	json_put(&w, "peers", peers);
	json_put(&w, "relay",
	         map->has_relay ? proto_relay_config_encode(&map->relay) : json_null());
	json_put(&w, "probe_requests", probes);
	json_put_time(&w, "generated_at", map->generated_at);
	json_put_u64(&w, "revision", map->revision);
	return json_finish(&w);
}
