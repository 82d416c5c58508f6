/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/endpoints.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "json/json.h"

#define ROW(m, p, a) .method = PROTO_##m, .pattern = (p), .auth = PROTO_AUTH_##a

/* clang-format off */
static const struct proto_endpoint_row rows[PROTO_ENDPOINTS] = {
	[PROTO_ENDPOINT_HEALTHZ] = {ROW(GET, "/healthz", NONE)},
	[PROTO_ENDPOINT_READYZ] = {ROW(GET, "/readyz", NONE)},
	[PROTO_ENDPOINT_OPENAPI] = {ROW(GET, "/v1/openapi.json", NONE)},
	[PROTO_ENDPOINT_NETWORK_LIST] = {ROW(GET, "/v1/networks", ADMIN), .answer = PROTO_ANSWER_LARGE},
	[PROTO_ENDPOINT_NETWORK_CREATE] = {ROW(POST, "/v1/networks", ADMIN), .once = true},
	[PROTO_ENDPOINT_NETWORK_GET] = {ROW(GET, "/v1/networks/{}", ADMIN)},
	[PROTO_ENDPOINT_NETWORK_UPDATE] = {ROW(PUT, "/v1/networks/{}", ADMIN)},
	[PROTO_ENDPOINT_NETWORK_DELETE] = {ROW(DELETE, "/v1/networks/{}", ADMIN)},
	[PROTO_ENDPOINT_TOKEN_LIST] = {ROW(GET, "/v1/networks/{}/tokens", ADMIN), .answer = PROTO_ANSWER_LARGE},
	[PROTO_ENDPOINT_TOKEN_CREATE] = {ROW(POST, "/v1/networks/{}/tokens", ADMIN), .once = true},
	[PROTO_ENDPOINT_TOKEN_REVOKE] = {ROW(POST, "/v1/tokens/{}/revoke", ADMIN), .label = "/v1/tokens/../revoke"},
	[PROTO_ENDPOINT_ACL_GET] = {ROW(GET, "/v1/networks/{}/acl", ADMIN), .answer = PROTO_ANSWER_POLICY},
	[PROTO_ENDPOINT_ACL_PUT] = {ROW(PUT, "/v1/networks/{}/acl", ADMIN), .answer = PROTO_ANSWER_POLICY},
	[PROTO_ENDPOINT_KEY_POLICY_GET] = {ROW(GET, "/v1/networks/{}/key-policy", ADMIN)},
	[PROTO_ENDPOINT_KEY_POLICY_PUT] = {ROW(PUT, "/v1/networks/{}/key-policy", ADMIN)},
	[PROTO_ENDPOINT_REGISTER] = {ROW(POST, "/v1/register", NONE), .answer = PROTO_ANSWER_LARGE, .once = true},
	[PROTO_ENDPOINT_REGISTER_URL] = {ROW(POST, "/v1/register-url", NONE), .once = true},
	[PROTO_ENDPOINT_APPROVE_BY_SECRET] = {ROW(GET, "/v1/register/approve/{}/{}", NONE), .label = "/v1/register/approve/.."},
	[PROTO_ENDPOINT_APPROVE_BY_FORM] = {ROW(POST, "/v1/register/approve/{}", NONE)},
	[PROTO_ENDPOINT_APPROVE] = {ROW(POST, "/v1/admin/nodes/{}/approve", ADMIN)},
	[PROTO_ENDPOINT_NODE_LIST] = {ROW(GET, "/v1/admin/networks/{}/nodes", ADMIN), .answer = PROTO_ANSWER_LARGE},
	[PROTO_ENDPOINT_NODE_UPDATE] = {ROW(PUT, "/v1/admin/nodes/{}", ADMIN)},
	[PROTO_ENDPOINT_TOPOLOGY] = {ROW(GET, "/v1/admin/topology", ADMIN)},
	[PROTO_ENDPOINT_KEYS_ROTATE] = {ROW(POST, "/v1/nodes/{}/rotate-keys", NODE), .once = true},
	[PROTO_ENDPOINT_NODE_REVOKE] = {ROW(POST, "/v1/nodes/{}/revoke", ADMIN)},
	[PROTO_ENDPOINT_NODE_DELETE] = {ROW(DELETE, "/v1/nodes/{}", ADMIN)},
	[PROTO_ENDPOINT_KEYS_LIST] = {ROW(GET, "/v1/nodes/{}/keys", NODE)},
	[PROTO_ENDPOINT_AUDIT] = {ROW(GET, "/v1/audit", ADMIN), .answer = PROTO_ANSWER_LARGE},
	[PROTO_ENDPOINT_HEARTBEAT] = {ROW(POST, "/v1/heartbeat", NODE_IN_BODY), .answer = PROTO_ANSWER_LARGE},
	[PROTO_ENDPOINT_NETMAP] = {ROW(GET, "/v1/netmap/{}", NODE), .answer = PROTO_ANSWER_LARGE},
	[PROTO_ENDPOINT_LONGPOLL] = {ROW(GET, "/v1/netmap/{}/longpoll", NODE), .answer = PROTO_ANSWER_LARGE},
};
/* clang-format on */

const struct proto_endpoint_row *proto_endpoint_row(enum proto_endpoint endpoint)
{
	assert(endpoint < PROTO_ENDPOINTS && rows[endpoint].pattern != NULL);
	return &rows[endpoint];
}

const struct proto_answer_limits *proto_answer_limits(enum proto_answer answer)
{
	static const struct proto_answer_limits limits[] = {
	        [PROTO_ANSWER_SMALL] = {.bytes = 1 << 20, .memory = 16 << 20},
	        [PROTO_ANSWER_POLICY] = {.bytes = 8 << 20, .memory = 256 << 20},
	        [PROTO_ANSWER_LARGE] = {.bytes = 64 << 20, .memory = JSON_MEMORY_MAX},
	        [PROTO_ANSWER_ERROR] = {.bytes = 64 << 10, .memory = 1 << 20},
	};

	return &limits[answer];
}

bool proto_escape(const char *s, char *buf, size_t size)
{
	static const char hex[] = "0123456789ABCDEF";
	size_t n = 0;

	for (; *s; s++) {
		unsigned char c = (unsigned char)*s;
		bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
		             (c >= '0' && c <= '9') || strchr("-._~", c) != NULL;

		if (size - n <= (plain ? 1u : 3u) || size < 4)
			return false;
		if (plain) {
			buf[n++] = *s;
		} else {
			buf[n++] = '%';
			buf[n++] = hex[c >> 4];
			buf[n++] = hex[c & 15];
		}
	}
	buf[n] = '\0';
	return true;
}

int proto_id_escape(const char *id, char ret[static PROTO_ESCAPED_ID_MAX], struct ls_fail *fail)
{
	if (ls_streq(id, ".") || ls_streq(id, ".."))
		return ls_fail_set(fail, LS_ERROR_USAGE, "'%s' is not an id", id);
	if (!proto_escape(id, ret, PROTO_ESCAPED_ID_MAX))
		return ls_fail_set(fail, LS_ERROR_USAGE, "'%.40s..' is too long for an id", id);
	return 0;
}

int proto_endpoint_path(enum proto_endpoint endpoint,
                        const char *const params[static PROTO_ENDPOINT_PARAMS_MAX],
                        char ret[static PROTO_PATH_MAX], struct ls_fail *fail)
{
	const struct proto_endpoint_row *row = proto_endpoint_row(endpoint);
	const char *pattern = row->pattern;
	size_t used = 0;

	for (size_t taken = 0; *pattern != '\0';) {
		char escaped[PROTO_ESCAPED_ID_MAX];
		size_t len = strcspn(pattern, "{");
		int r;

		used += (size_t)snprintf(ret + used, PROTO_PATH_MAX - used, "%.*s", (int)len,
		                         pattern);
		pattern += len;
		if (*pattern == '\0')
			break;
		assert(taken < PROTO_ENDPOINT_PARAMS_MAX && params[taken] != NULL);
		r = proto_id_escape(params[taken++], escaped, fail);
		if (r < 0 && row->label) /* its ids are secrets, or parts of one */
			return ls_fail_set(fail, r, "%s: this is not an id, or too long for one",
			                   row->label);
		if (r < 0)
			return r;
		used += (size_t)snprintf(ret + used, PROTO_PATH_MAX - used, "%s", escaped);
		pattern += strlen("{}");
	}
	assert(used < PROTO_PATH_MAX); /* PROTO_PATH_MAX fits the longest pattern and ids */
	return 0;
}

const char *proto_method_name(enum proto_method method)
{
	static const char *const names[] = {
	        [PROTO_GET] = "GET",
	        [PROTO_POST] = "POST",
	        [PROTO_PUT] = "PUT",
	        [PROTO_DELETE] = "DELETE",
	};

	return names[method];
}
