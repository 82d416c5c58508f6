/* SPDX-License-Identifier: Apache-2.0 */
/* Messages about nodes, for admins: list, update, keys, removal. Decoded strings live in `arena`;
 * encoders return a new reference, NULL when out of memory. */
#ifndef LS_PROTO_NODE_ADMIN_H
#define LS_PROTO_NODE_ADMIN_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/string_list.h"
#include "crypto/keys.h"
#include "proto/netmap.h"
#include "proto/network_rules.h"

struct node_list {
	const struct node_info *items;
	size_t count;
};

/* GET /v1/admin/networks/{net}/nodes: `{"nodes": [..]}` */
int proto_node_list_decode(const json_t *json, struct ls_arena *arena, struct node_list *ret,
                           struct ls_fail *fail) LS_MUST_CHECK;
json_t *proto_node_list_encode(const struct node_list *list);

/* PUT /v1/admin/nodes/{node}: must have a name or tags. */
struct node_update {
	const char *name; /* NULL: do not change it */
	bool has_tags;    /* false: do not change the tags */
	struct string_list tags;
};

int proto_node_update_decode(const json_t *json, struct ls_arena *arena, struct node_update *ret,
                             struct ls_fail *fail) LS_MUST_CHECK;
json_t *proto_node_update_encode(const struct node_update *update);
/* `{"node": NodeInfo}`, the answer. */
int proto_node_answer_decode(const json_t *json, struct ls_arena *arena, struct node_info *ret,
                             struct ls_fail *fail) LS_MUST_CHECK;
json_t *proto_node_answer_encode(const struct node_info *node);

/* POST /v1/nodes/{node}/rotate-keys: the request has at least one key, the answer both. */
struct key_rotation {
	const char *node_id; /* only in the answer */
	bool has_machine;
	bool has_wg;
	struct machine_public_key machine_public_key;
	struct wg_public_key wg_public_key;
};

int proto_key_rotation_decode(const json_t *json, struct key_rotation *ret,
                              struct ls_fail *fail) LS_MUST_CHECK;
json_t *proto_key_rotation_encode(const struct key_rotation *rotation); /* node_id when not NULL */
int proto_key_rotation_answer_decode(const json_t *json, struct ls_arena *arena,
                                     struct key_rotation *ret, struct ls_fail *fail) LS_MUST_CHECK;

enum key_type {
	KEY_TYPE_MACHINE,
	KEY_TYPE_WIREGUARD,
};

struct key_record {
	enum key_type key_type;
	uint8_t public_key[LS_KEY_LEN];
	int64_t created_at;
	int64_t revoked_at; /* 0: null */
};

/* GET /v1/nodes/{node}/keys */
struct key_history {
	const char *node_id;
	const struct key_record *keys;
	size_t key_count;
};

const char *proto_key_type_name(enum key_type type);
int proto_key_history_decode(const json_t *json, struct ls_arena *arena, struct key_history *ret,
                             struct ls_fail *fail) LS_MUST_CHECK;
json_t *proto_key_record_encode(const struct key_record *record);
json_t *proto_key_history_encode(const struct key_history *history);

/* The answer of POST /v1/nodes/{node}/revoke, `{node_id, revoked_at}` and the network's rules, and
 * of DELETE, `{node_id}`. */
struct node_removal {
	const char *node_id;
	int64_t revoked_at; /* 0: absent */
	struct network_rules_given given;
};

int proto_node_removal_decode(const json_t *json, struct ls_arena *arena, struct node_removal *ret,
                              struct ls_fail *fail) LS_MUST_CHECK;
json_t *proto_node_removal_encode(const struct node_removal *removal);

#endif
