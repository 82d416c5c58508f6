/* SPDX-License-Identifier: Apache-2.0 */
/* The netmap and its records (docs/protocol.md, "Types"): immutable snapshots. All pointers of a
 * snapshot point into its one arena; strings are UTF-8 without control characters; optional strings
 * are NULL when absent. Decoding ignores unknown members, fills in the protocol's defaults, and
 * drops routes that do not parse, because a bad route of one node must not cost the others their
 * netmap. Existing servers list peers in another order in every answer; a decoded netmap has them
 * in the order of their ids, so that two of them compare, and so that of two peers with the same
 * key or address the same one wins every time. A peer whose WireGuard key is no key has an all-zero
 * one: whoever uses the netmap leaves that peer out, and so does proto_netmap_encode. */
#ifndef LS_PROTO_NETMAP_H
#define LS_PROTO_NETMAP_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/string_list.h"
#include "crypto/keys.h"
#include "wire/ip.h"
#include "json/json.h"

enum route_kind {
	ROUTE_SUBNET,
	ROUTE_EXIT,
};

struct route {
	struct ls_prefix prefix;
	enum route_kind kind;
	bool enabled;
	bool has_mapped;
	struct ls_prefix mapped_prefix; /* same family and length as prefix */
};

struct route_list {
	const struct route *items;
	size_t count;
};

struct network_info {
	const char *id;
	const char *name;
	struct ls_prefix overlay_v4;
	struct ls_prefix overlay_v6;
	const char *dns_domain;
	bool requires_approval;
	bool has_key_max_age;
	uint64_t key_rotation_max_age_seconds;
};

/* The part of a node that its peers see. */
struct peer_info {
	const char *id;
	const char *name;
	const char *dns_name;
	struct ls_ip ipv4;
	struct ls_ip ipv6;
	struct wg_public_key wg_public_key;
	struct string_list endpoints; /* "host:port", as announced */
	struct string_list tags;
	struct route_list routes;
	int64_t last_seen; /* Unix seconds; 0: never */
};

struct node_info {
	struct peer_info peer;
	struct machine_public_key machine_public_key;
	const char *owner_user_id;
	const char *owner_email;
	bool owner_is_admin;
	bool approved;
	bool key_rotation_required;
	bool revoked;
	bool cloned; /* two machines run with its state, for admins; false: absent */
	int64_t approval_expires_at; /* of a request to join, for admins; 0: absent */
};

struct relay_config {
	struct string_list stun_servers;
	struct string_list turn_servers;
	struct string_list stream_relay_servers;
	struct string_list udp_relay_servers;
	struct string_list dns_servers;
};

struct probe_request {
	const char *peer_id;
	struct string_list endpoints;
	struct ls_ip ipv4;
	struct ls_ip ipv6;
	int64_t requested_at;
};

struct netmap {
	struct ls_arena *arena; /* owns this struct and all it points to */
	struct network_info network;
	struct node_info node;
	const struct peer_info *peers;
	size_t peer_count;
	bool has_relay;
	struct relay_config relay;
	const struct probe_request *probes;
	size_t probe_count;
	int64_t generated_at;
	uint64_t revision;
};

/* Limits on a netmap from a server; a larger one is LS_ERROR_LIMIT. */
enum {
	NETMAP_PEERS_MAX = 131072,
	NETMAP_ARENA_MAX = 256 << 20,
};

/* `fail` names the member: "netmap: peers[3].wg_public_key: ...". */
int proto_netmap_decode(const json_t *json, struct netmap **ret,
                        struct ls_fail *fail) LS_MUST_CHECK;
void proto_netmap_free(struct netmap *map);

/* Encoders return a new reference, NULL when out of memory. */
json_t *proto_netmap_encode(const struct netmap *map);
json_t *proto_network_info_encode(const struct network_info *network);
json_t *proto_node_info_encode(const struct node_info *node);
json_t *proto_peer_info_encode(const struct peer_info *peer);
json_t *proto_relay_config_encode(const struct relay_config *relay);
json_t *proto_probe_request_encode(const struct probe_request *probe);

/* Readers of parts that other messages share, for use in a decoder (json/json.h). */
void proto_network_info_read(const struct json_at *at, struct network_info *ret);
void proto_node_info_read(const struct json_at *at, struct node_info *ret);
/* Reads the array member `name`. A bad route is a failure; a lenient decoder drops it. */
struct route_list proto_route_list_read(const struct json_at *at, const char *name);
/* Reads one route. False when decoding failed, or when a lenient decoder drops it. */
bool proto_route_read(const struct json_at *at, struct route *ret);
json_t *proto_route_list_encode(const struct route_list *routes);

/* True when a node is approved, not revoked, and its keys are not due for rotation: only active
 * nodes have peers. */
bool proto_node_is_active(const struct node_info *node);

#endif
