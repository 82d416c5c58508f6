/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/registration.h"

#include "proto/limits.h"
#include "proto/names.h"
#include "json/json.h"

const char *proto_node_name_read(const struct json_at *at, const char *name)
{
	struct json_at member = json_member(at, name);
	const char *s = json_read_string(at, name, LIMIT_READ_LEN);
	struct ls_fail why;
	int r = s ? proto_name_check_label(s, "node name", &why) : 0;

	if (r < 0)
		json_fail(&member, r, "%s", why.text);
	return s;
}

/* Existing clients send whatever the host is called: "web1.example.com", "my_host". */
static const char *read_new_name(const struct json_at *at, const char *name)
{
	struct json_at member = json_member(at, name);
	const char *s = json_read_string(at, name, LIMIT_READ_LEN);
	char label[LIMIT_NODE_NAME_LEN + 1];
	const char *copy;

	if (!s || proto_name_check_label(s, "node name", NULL) == 0)
		return s;
	if (!proto_name_from_host(s, label)) {
		json_fail(&member, LS_ERROR_BAD_VALUE,
		          "no letter or digit in it, so that no DNS label can be made of it");
		return NULL;
	}
	copy = ls_arena_strdup(at->decoder->arena, label);
	if (!copy)
		json_fail(&member, LS_ERROR_LIMIT, "too large");
	return copy;
}

void proto_public_key_read(const struct json_at *at, const char *name,
                           uint8_t ret[static LS_KEY_LEN])
{
	struct json_at member = json_member(at, name);

	json_read_key(at, name, ret);
	if (at->decoder->code == 0 && key_is_zero(ret))
		json_fail(&member, LS_ERROR_BAD_VALUE, "all zero is no public key");
}

int proto_register_request_decode(const json_t *json, struct ls_arena *arena,
                                  struct register_request *ret, struct ls_fail *fail)
{
	struct json_decoder decoder = {.arena = arena, .fail = fail};
	struct json_at root = json_root(&decoder, json, "body");
	struct register_request request = {
	        .token = json_read_string(&root, "token", LIMIT_TOKEN_LEN),
	        .node_name = read_new_name(&root, "node_name"),
	        .rename_if_taken = json_read_bool_or(&root, "rename_if_taken", false),
	};

	proto_public_key_read(&root, "machine_public_key", request.machine_public_key.b);
	proto_public_key_read(&root, "wg_public_key", request.wg_public_key.b);
	if (decoder.code == 0)
		*ret = request;
	return decoder.code;
}

json_t *proto_register_request_encode(const struct register_request *request)
{
	struct json_writer w = json_begin();

	json_put_string(&w, "token", request->token);
	json_put_string(&w, "node_name", request->node_name);
	json_put_key(&w, "machine_public_key", request->machine_public_key.b);
	json_put_key(&w, "wg_public_key", request->wg_public_key.b);
	if (request->rename_if_taken)
		json_put_bool(&w, "rename_if_taken", true);
	return json_finish(&w);
}

/* Reads an address that another server may have got wrong. */
static struct ls_ip read_address(const json_t *node, const char *name, enum ls_family family)
{
	struct json_decoder decoder = {.lenient = true};
	struct json_at at = json_root(&decoder, node, "node");
	struct ls_ip ip = {.family = family};

	json_read_ip(&at, name, family, &ip);
	return ip;
}

int proto_register_answer_decode(const json_t *json, struct ls_arena *arena,
                                 struct register_answer *ret, struct ls_fail *fail)
{
	struct json_decoder decoder = {.arena = arena, .fail = fail, .lenient = true};
	struct json_at root = json_root(&decoder, json, "answer");
	struct json_at netmap = json_member(&root, "netmap");
	struct json_at network = json_member(&netmap, "network");
	struct json_at node = json_member(&netmap, "node");
	struct register_answer answer = {
	        .node_token = json_read_string(&root, "node_token", LIMIT_READ_LEN),
	        .network_id = json_read_string(&network, "id", LIMIT_ID_LEN),
	        .node_id = json_read_string(&node, "id", LIMIT_ID_LEN),
	        .node_name = json_read_string_or(&node, "name", LIMIT_READ_LEN, NULL),
	};

	if (decoder.code < 0)
		return decoder.code;
	answer.ipv4 = read_address(node.value, "ipv4", LS_FAMILY_V4);
	answer.ipv6 = read_address(node.value, "ipv6", LS_FAMILY_V6);
	if (proto_netmap_decode(netmap.value, &answer.netmap, &answer.netmap_fail) < 0)
		answer.netmap = NULL;
	*ret = answer;
	return 0;
}

int proto_register_url_request_decode(const json_t *json, struct ls_arena *arena,
                                      struct register_url_request *ret, struct ls_fail *fail)
{
	struct json_decoder decoder = {.arena = arena, .fail = fail};
	struct json_at root = json_root(&decoder, json, "body");
	struct json_at ttl = json_member(&root, "ttl_seconds");
	struct register_url_request request = {
	        .network_id = json_read_string(&root, "network_id", LIMIT_ID_LEN),
	        .node_name = read_new_name(&root, "node_name"),
	        .rename_if_taken = json_read_bool_or(&root, "rename_if_taken", false),
	        .ttl_seconds = json_read_u64_or(&root, "ttl_seconds", LIMIT_APPROVAL_TTL_SECONDS,
	                                        REGISTER_URL_TTL_DEFAULT_S),
	};

	proto_public_key_read(&root, "machine_public_key", request.machine_public_key.b);
	proto_public_key_read(&root, "wg_public_key", request.wg_public_key.b);
	if (request.ttl_seconds == 0)
		json_fail(&ttl, LS_ERROR_BAD_VALUE, "must not be 0");
	if (decoder.code == 0)
		*ret = request;
	return decoder.code;
}

json_t *proto_register_url_request_encode(const struct register_url_request *request)
{
	struct json_writer w = json_begin();

	json_put_string(&w, "network_id", request->network_id);
	json_put_string(&w, "node_name", request->node_name);
	json_put_key(&w, "machine_public_key", request->machine_public_key.b);
	json_put_key(&w, "wg_public_key", request->wg_public_key.b);
	json_put_u64(&w, "ttl_seconds", request->ttl_seconds);
	if (request->rename_if_taken)
		json_put_bool(&w, "rename_if_taken", true);
	return json_finish(&w);
}

int proto_register_url_answer_decode(const json_t *json, struct ls_arena *arena,
                                     struct register_url_answer *ret, struct ls_fail *fail)
{
	struct json_decoder decoder = {.arena = arena, .fail = fail, .lenient = true};
	struct json_at root = json_root(&decoder, json, "answer");
	struct json_at path = json_member(&root, "auth_path");
	struct register_url_answer answer = {
	        .node_id = json_read_string(&root, "node_id", LIMIT_ID_LEN),
	        .network_id = json_read_string(&root, "network_id", LIMIT_ID_LEN),
	        .auth_path = json_read_string(&root, "auth_path", LIMIT_URL_LEN),
	        .node_name = json_read_string_or(&root, "node_name", LIMIT_READ_LEN, NULL),
	        .expires_at = json_read_time(&root, "expires_at"),
	        .node_token = json_read_string(&root, "node_token", LIMIT_READ_LEN),
	};

	json_read_ip(&root, "ipv4", LS_FAMILY_V4, &answer.ipv4);
	json_read_ip(&root, "ipv6", LS_FAMILY_V6, &answer.ipv6);
	if (answer.auth_path && answer.auth_path[0] != '/')
		json_fail(&path, LS_ERROR_BAD_VALUE, "not an absolute path");
	if (decoder.code == 0)
		*ret = answer;
	return decoder.code;
}

json_t *proto_register_url_answer_encode(const struct register_url_answer *answer)
{
	struct json_writer w = json_begin();

	json_put_string(&w, "node_id", answer->node_id);
	json_put_string(&w, "network_id", answer->network_id);
	json_put_ip(&w, "ipv4", &answer->ipv4);
	json_put_ip(&w, "ipv6", &answer->ipv6);
	json_put_string(&w, "auth_path", answer->auth_path);
	json_put_time(&w, "expires_at", answer->expires_at);
	json_put_string(&w, "node_token", answer->node_token);
	if (answer->node_name)
		json_put_string(&w, "node_name", answer->node_name);
	return json_finish(&w);
}

int proto_approval_answer_decode(const json_t *json, struct ls_arena *arena,
                                 struct approval_answer *ret, struct ls_fail *fail)
{
	struct json_decoder decoder = {.arena = arena, .fail = fail, .lenient = true};
	struct json_at root = json_root(&decoder, json, "answer");
	struct approval_answer answer = {
	        .node_id = json_read_string(&root, "node_id", LIMIT_ID_LEN),
	        .approved = json_read_bool_or(&root, "approved", false),
	        .approved_at = json_read_time_or(&root, "approved_at", 0),
	};

	if (decoder.code == 0)
		*ret = answer;
	return decoder.code;
}

json_t *proto_approval_answer_encode(const struct approval_answer *answer)
{
	struct json_writer w = json_begin();

	json_put_string(&w, "node_id", answer->node_id);
	json_put_bool(&w, "approved", answer->approved);
	json_put_time_or_null(&w, "approved_at", answer->approved_at);
	return json_finish(&w);
}
