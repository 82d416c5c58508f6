/* SPDX-License-Identifier: Apache-2.0 */
#include "server/api/endpoints.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "http/query.h"

#define BODY ENDPOINT_BODY_MAX

enum {
	BODY_ACL = 4 << 20,
	BODY_FORM = 4 << 10,
	BODY_JOIN = 64 << 10, /* anybody may send it */
	SEGMENTS_MAX = 8
};

/* clang-format off */
static const struct endpoint endpoints[PROTO_ENDPOINTS] = {
	[PROTO_ENDPOINT_HEALTHZ] = {OBJECT_NONE, 0, api_healthz, 0},
	[PROTO_ENDPOINT_READYZ] = {OBJECT_NONE, 0, api_readyz, 0},
	[PROTO_ENDPOINT_OPENAPI] = {OBJECT_NONE, 0, api_openapi, 0},
	[PROTO_ENDPOINT_NETWORK_LIST] = {OBJECT_NONE, 0, api_network_list, 0},
	[PROTO_ENDPOINT_NETWORK_CREATE] = {OBJECT_NONE, BODY, api_network_create, 0},
	[PROTO_ENDPOINT_NETWORK_GET] = {OBJECT_NETWORK, 0, api_network_get, 0},
	[PROTO_ENDPOINT_NETWORK_UPDATE] = {OBJECT_NETWORK, BODY, api_network_update, 0},
	[PROTO_ENDPOINT_NETWORK_DELETE] = {OBJECT_NETWORK, 0, api_network_delete, 0},
	[PROTO_ENDPOINT_TOKEN_LIST] = {OBJECT_NETWORK, 0, api_token_list, 0},
	[PROTO_ENDPOINT_TOKEN_CREATE] = {OBJECT_NETWORK, BODY, api_token_create, 0},
	[PROTO_ENDPOINT_TOKEN_REVOKE] = {OBJECT_NONE, 0, api_token_revoke, 0},
	[PROTO_ENDPOINT_ACL_GET] = {OBJECT_NETWORK, 0, api_acl_get, 0},
	[PROTO_ENDPOINT_ACL_PUT] = {OBJECT_NETWORK, BODY_ACL, api_acl_put, 0},
	[PROTO_ENDPOINT_KEY_POLICY_GET] = {OBJECT_NETWORK, 0, api_key_policy_get, 0},
	[PROTO_ENDPOINT_KEY_POLICY_PUT] = {OBJECT_NETWORK, BODY, api_key_policy_put, 0},
	[PROTO_ENDPOINT_REGISTER] = {OBJECT_NONE, BODY_JOIN, api_register, 0},
	[PROTO_ENDPOINT_REGISTER_URL] = {OBJECT_NONE, BODY_JOIN, api_register_url, 0},
	[PROTO_ENDPOINT_APPROVE_BY_SECRET] = {OBJECT_NODE, 0, api_approve_by_secret, ENDPOINT_NO_HEAD | ENDPOINT_PAGE},
	[PROTO_ENDPOINT_APPROVE_BY_FORM] = {OBJECT_NODE, BODY_FORM, api_approve_by_form, ENDPOINT_PAGE | ENDPOINT_FORM},
	[PROTO_ENDPOINT_APPROVE] = {OBJECT_NODE, 0, api_approve, 0},
	[PROTO_ENDPOINT_NODE_LIST] = {OBJECT_NETWORK, 0, api_node_list, 0},
	[PROTO_ENDPOINT_NODE_UPDATE] = {OBJECT_NODE, BODY, api_node_update, 0},
	[PROTO_ENDPOINT_TOPOLOGY] = {OBJECT_NONE, 0, api_topology, 0},
	[PROTO_ENDPOINT_KEYS_ROTATE] = {OBJECT_NODE, BODY, api_keys_rotate, 0},
	[PROTO_ENDPOINT_NODE_REVOKE] = {OBJECT_NODE, 0, api_node_revoke, 0},
	[PROTO_ENDPOINT_NODE_DELETE] = {OBJECT_NODE, 0, api_node_delete, 0},
	[PROTO_ENDPOINT_KEYS_LIST] = {OBJECT_NODE, 0, api_keys_list, 0},
	[PROTO_ENDPOINT_AUDIT] = {OBJECT_NONE, 0, api_audit, 0},
	[PROTO_ENDPOINT_HEARTBEAT] = {OBJECT_NONE, BODY, api_heartbeat, 0},
	[PROTO_ENDPOINT_NETMAP] = {OBJECT_NODE, 0, api_netmap, 0},
	[PROTO_ENDPOINT_LONGPOLL] = {OBJECT_NODE, 0, api_longpoll, ENDPOINT_NO_HEAD},
};
/* clang-format on */

_Static_assert((int)PROTO_ENDPOINT_PARAMS_MAX <= (int)CALL_PARAMS_MAX, "room for every parameter");

void api_endpoints_check(void)
{
	for (enum proto_endpoint id = 0; id < PROTO_ENDPOINTS; id++)
		assert(endpoints[id].handle != NULL && proto_endpoint_row(id)->pattern != NULL);
}

const struct endpoint *api_endpoint(enum proto_endpoint id)
{
	assert(id < PROTO_ENDPOINTS);
	return &endpoints[id];
}

/* Decodes %XX in place. False for a bad escape, and for bytes that no id or secret has. */
static bool decode_segment(char *s)
{
	char *out = s;

	for (const char *in = s; *in != '\0'; in++) {
		int byte;

		if (*in != '%') {
			*out++ = *in;
			continue;
		}
		byte = http_unescape(in + 1);
		if (byte < 0x20 || byte == '/' || byte == 0x7f)
			return false;
		*out++ = (char)byte;
		in += 2;
	}
	*out = '\0';
	return true;
}

/* Splits the path at its slashes and returns the number of segments; 0 when it does not begin with
 * a slash, cannot be decoded, or has more segments than any endpoint. */
static size_t split(char *path, char *segments[static SEGMENTS_MAX])
{
	size_t n = 0;

	if (*path != '/')
		return 0;
	while (path && n < SEGMENTS_MAX) {
		*path++ = '\0';
		segments[n++] = path;
		path = strchr(path, '/');
	}
	for (size_t i = 0; !path && i < n; i++) {
		if (!decode_segment(segments[i]))
			return 0;
	}
	return path ? 0 : n;
}

static bool matches(const char *pattern, char *const *segments, size_t count,
                    const char *params[static CALL_PARAMS_MAX])
{
	size_t taken = 0;

	for (size_t i = 0; i < count; i++) {
		size_t len;

		if (*pattern != '/')
			return false;
		len = strcspn(++pattern, "/");
		if (len == 2 && pattern[0] == '{' && taken < CALL_PARAMS_MAX) {
			if (segments[i][0] == '\0')
				return false;
			params[taken++] = segments[i];
		} else if (strlen(segments[i]) != len || strncmp(pattern, segments[i], len) != 0) {
			return false;
		}
		pattern += len;
	}
	return *pattern == '\0';
}

static bool has_head(enum proto_endpoint id)
{
	return proto_endpoint_row(id)->method == PROTO_GET &&
	       !(api_endpoint(id)->flags & ENDPOINT_NO_HEAD);
}

static bool method_fits(enum proto_endpoint id, const char *method)
{
	if (strcmp(method, "HEAD") == 0)
		return has_head(id);
	return strcmp(method, proto_method_name(proto_endpoint_row(id)->method)) == 0;
}

int api_endpoint_find(struct call *call, const char *method,
                      char ret_allow[static ENDPOINT_ALLOW_MAX], struct ls_fail *fail)
{
	char *segments[SEGMENTS_MAX];
	size_t count = split(call->path, segments), used = 0;

	ret_allow[0] = '\0';
	for (enum proto_endpoint id = 0; count > 0 && id < PROTO_ENDPOINTS; id++) {
		const struct proto_endpoint_row *row = proto_endpoint_row(id);

		if (!matches(row->pattern, segments, count, call->params))
			continue;
		if (method_fits(id, method)) {
			call->endpoint = id;
			return 0;
		}
		/* There is room for all methods of the table and HEAD. */
		used += (size_t)snprintf(ret_allow + used, ENDPOINT_ALLOW_MAX - used, "%s%s%s",
		                         used ? ", " : "", proto_method_name(row->method),
		                         has_head(id) ? ", HEAD" : "");
	}
	if (used == 0)
		return ls_fail_set(fail, LS_ERROR_NOT_FOUND, "no such path");
	call->status = HTTP_STATUS_BAD_METHOD;
	return ls_fail_set(fail, LS_ERROR_USAGE, "method not allowed here; use %s", ret_allow);
}
