/* SPDX-License-Identifier: Apache-2.0 */
/* /v1/networks and the key policy: create and list networks. Decoded strings live in `arena`;
 * encoders return a new reference, NULL when out of memory. */
#ifndef LS_PROTO_NETWORK_CREATE_H
#define LS_PROTO_NETWORK_CREATE_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/string_list.h"
#include "proto/netmap.h"
#include "proto/network_rules.h"
#include "proto/token.h"
#include "wire/ip.h"

struct network_create {
	const char *name;
	struct ls_prefix overlay_v4; /* family LS_FAMILY_NONE: the server chooses */
	struct ls_prefix overlay_v6;
	const char *dns_domain; /* NULL: the server chooses */
	bool requires_approval;
	bool has_key_max_age;
	uint64_t key_rotation_max_age_seconds;
	struct network_rules_given given; /* join: link by default; revocation: final */
	uint64_t token_ttl_seconds;       /* 0: no bootstrap token */
	uint64_t token_uses;
	struct string_list token_tags;
};

struct network_create_answer {
	struct network_details network;
	bool has_token;
	struct enrollment_token bootstrap_token;
};

/* Checks names (names.h) and prefixes: v4 at most /30, v6 at most /126. */
int proto_network_create_decode(const json_t *json, struct ls_arena *arena,
                                struct network_create *ret, struct ls_fail *fail) LS_MUST_CHECK;
json_t *proto_network_create_encode(const struct network_create *request);
int proto_network_create_answer_decode(const json_t *json, struct ls_arena *arena,
                                       struct network_create_answer *ret,
                                       struct ls_fail *fail) LS_MUST_CHECK;
json_t *proto_network_create_answer_encode(const struct network_create_answer *answer);

/* GET /v1/networks: `{"networks": [..]}` */
struct network_list {
	const struct network_details *items;
	size_t count;
};

int proto_network_list_decode(const json_t *json, struct ls_arena *arena, struct network_list *ret,
                              struct ls_fail *fail) LS_MUST_CHECK;
json_t *proto_network_list_encode(const struct network_list *list);

/* A network's limit on the age of keys: the body of PUT, and its answer, `{"policy": {..}}`. */
struct key_policy {
	bool has_max_age; /* false: keys do not age */
	uint64_t max_age_seconds;
};

int proto_key_policy_decode(const json_t *json, struct key_policy *ret,
                            struct ls_fail *fail) LS_MUST_CHECK;
json_t *proto_key_policy_encode(const struct key_policy *policy);
int proto_key_policy_answer_decode(const json_t *json, struct key_policy *ret,
                                   struct ls_fail *fail) LS_MUST_CHECK;
json_t *proto_key_policy_answer_encode(const struct key_policy *policy);

#endif
