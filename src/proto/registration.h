/* SPDX-License-Identifier: Apache-2.0 */
/* The two ways to register a node, and approval. Decoded strings live in `arena`; encoders return a
 * new reference, NULL when out of memory. */
#ifndef LS_PROTO_REGISTRATION_H
#define LS_PROTO_REGISTRATION_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/mem.h"
#include "crypto/keys.h"
#include "proto/netmap.h"
#include "wire/ip.h"

enum {
	REGISTER_URL_TTL_DEFAULT_S = 600,
};

/* POST /v1/register */
struct register_request {
	const char *token;
	const char *node_name;
	struct machine_public_key machine_public_key;
	struct wg_public_key wg_public_key;
	bool rename_if_taken; /* ours: nobody chose the name, so "name-2" will do */
};

/* The server has registered the node, whatever else its answer is like: only the token and the two
 * ids must be there. */
struct register_answer {
	const char *node_token;
	const char *network_id;
	const char *node_id;
	const char *node_name; /* what the server calls the node; may be NULL */
	struct ls_ip ipv4;     /* all zero when they do not parse */
	struct ls_ip ipv6;
	struct netmap *netmap;      /* the caller frees it; NULL when it cannot be read */
	struct ls_fail netmap_fail; /* why not */
};

/* POST /v1/register-url */
struct register_url_request {
	const char *network_id;
	const char *node_name;
	struct machine_public_key machine_public_key;
	struct wg_public_key wg_public_key;
	uint64_t ttl_seconds; /* never 0 */
	bool rename_if_taken; /* as above */
};

struct register_url_answer {
	const char *node_id;
	const char *network_id;
	struct ls_ip ipv4;
	struct ls_ip ipv6;
	const char *auth_path; /* starts with '/' */
	int64_t expires_at;
	const char *node_token;
	const char *node_name; /* ours: what the server calls the node; may be NULL */
};

/* GET /v1/register/approve/.. and POST /v1/admin/nodes/{node}/approve */
struct approval_answer {
	const char *node_id;
	bool approved;
	int64_t approved_at; /* 0: null */
};

/* Read members of a request: a node name (proto_name_check_label), and a public key that is not all
 * zero. */
const char *proto_node_name_read(const struct json_at *at, const char *name);
void proto_public_key_read(const struct json_at *at, const char *name,
                           uint8_t ret[static LS_KEY_LEN]);

/* Makes a label of a node name that is none (proto_name_from_host); refuses all-zero keys. */
int proto_register_request_decode(const json_t *json, struct ls_arena *arena,
                                  struct register_request *ret, struct ls_fail *fail) LS_MUST_CHECK;
json_t *proto_register_request_encode(const struct register_request *request);
int proto_register_answer_decode(const json_t *json, struct ls_arena *arena,
                                 struct register_answer *ret, struct ls_fail *fail) LS_MUST_CHECK;

int proto_register_url_request_decode(const json_t *json, struct ls_arena *arena,
                                      struct register_url_request *ret,
                                      struct ls_fail *fail) LS_MUST_CHECK;
json_t *proto_register_url_request_encode(const struct register_url_request *request);
int proto_register_url_answer_decode(const json_t *json, struct ls_arena *arena,
                                     struct register_url_answer *ret,
                                     struct ls_fail *fail) LS_MUST_CHECK;
json_t *proto_register_url_answer_encode(const struct register_url_answer *answer);

int proto_approval_answer_decode(const json_t *json, struct ls_arena *arena,
                                 struct approval_answer *ret, struct ls_fail *fail) LS_MUST_CHECK;
json_t *proto_approval_answer_encode(const struct approval_answer *answer);

#endif
