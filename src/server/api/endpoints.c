/* SPDX-License-Identifier: Apache-2.0 */
#include "server/api/endpoints.h"

#include <stdio.h>
#include <string.h>

#define GET    EVHTTP_REQ_GET
#define POST   EVHTTP_REQ_POST
#define PUT    EVHTTP_REQ_PUT
#define DELETE EVHTTP_REQ_DELETE
#define BODY   HTTP_BODY_MAX

enum {
	SEGMENTS_MAX = 8
};

/* clang-format off */
static const struct endpoint endpoints[] = {
	{GET, "/healthz", AUTH_NONE, OBJECT_NONE, 0, api_healthz, false},
	{GET, "/readyz", AUTH_NONE, OBJECT_NONE, 0, api_readyz, false},
	{GET, "/v1/openapi.json", AUTH_NONE, OBJECT_NONE, 0, api_openapi, false},
	{GET, "/v1/networks", AUTH_ADMIN, OBJECT_NONE, 0, api_network_list, false},
	{POST, "/v1/networks", AUTH_ADMIN, OBJECT_NONE, BODY, api_network_create, false},
	{GET, "/v1/networks/{}", AUTH_ADMIN, OBJECT_NETWORK, 0, api_network_get, false},
	{DELETE, "/v1/networks/{}", AUTH_ADMIN, OBJECT_NETWORK, 0, api_network_delete, false},
	{GET, "/v1/networks/{}/tokens", AUTH_ADMIN, OBJECT_NETWORK, 0, api_token_list, false},
	{POST, "/v1/networks/{}/tokens", AUTH_ADMIN, OBJECT_NETWORK, BODY, api_token_create, false},
	{POST, "/v1/tokens/{}/revoke", AUTH_ADMIN, OBJECT_NONE, 0, api_token_revoke, false},
	{GET, "/v1/networks/{}/acl", AUTH_ADMIN, OBJECT_NETWORK, 0, api_acl_get, false},
	{PUT, "/v1/networks/{}/acl", AUTH_ADMIN, OBJECT_NETWORK, HTTP_BODY_MAX_ACL, api_acl_put, false},
	{GET, "/v1/networks/{}/key-policy", AUTH_ADMIN, OBJECT_NETWORK, 0, api_key_policy_get, false},
	{PUT, "/v1/networks/{}/key-policy", AUTH_ADMIN, OBJECT_NETWORK, BODY, api_key_policy_put, false},
	{POST, "/v1/register", AUTH_NONE, OBJECT_NONE, BODY, api_register, false},
	{POST, "/v1/register-url", AUTH_NONE, OBJECT_NONE, BODY, api_register_url, false},
	{GET, "/v1/register/approve/{}/{}", AUTH_NONE, OBJECT_NODE, 0, api_approve_by_secret, true},
	{POST, "/v1/admin/nodes/{}/approve", AUTH_ADMIN, OBJECT_NODE, 0, api_approve, false},
	{GET, "/v1/admin/networks/{}/nodes", AUTH_ADMIN, OBJECT_NETWORK, 0, api_node_list, false},
	{PUT, "/v1/admin/nodes/{}", AUTH_ADMIN, OBJECT_NODE, BODY, api_node_update, false},
	{GET, "/v1/admin/topology", AUTH_ADMIN, OBJECT_NONE, 0, api_topology, false},
	{POST, "/v1/nodes/{}/rotate-keys", AUTH_NODE, OBJECT_NODE, BODY, api_keys_rotate, false},
	{POST, "/v1/nodes/{}/revoke", AUTH_ADMIN, OBJECT_NODE, 0, api_node_revoke, false},
	{DELETE, "/v1/nodes/{}", AUTH_ADMIN, OBJECT_NODE, 0, api_node_delete, false},
	{GET, "/v1/nodes/{}/keys", AUTH_NODE, OBJECT_NODE, 0, api_keys_list, false},
	{GET, "/v1/audit", AUTH_ADMIN, OBJECT_NONE, 0, api_audit, false},
	{POST, "/v1/heartbeat", AUTH_NONE, OBJECT_NONE, BODY, api_heartbeat, false},
	{GET, "/v1/netmap/{}", AUTH_NODE, OBJECT_NODE, 0, api_netmap, false},
	{GET, "/v1/netmap/{}/longpoll", AUTH_NODE, OBJECT_NODE, 0, api_longpoll, true},
};
/* clang-format on */

enum {
	ENDPOINTS = sizeof(endpoints) / sizeof(endpoints[0])
};
_Static_assert(sizeof(endpoints) / sizeof(endpoints[0]) < REQUESTS_ROUTES, "each is counted");

const struct endpoint *api_endpoint_at(size_t row)
{
	return row < ENDPOINTS ? &endpoints[row] : NULL;
}

size_t api_endpoint_row(const struct endpoint *endpoint)
{
	return endpoint ? (size_t)(endpoint - endpoints) : SIZE_MAX;
}

/* Only the methods that the table has. */
const char *api_endpoint_method(const struct endpoint *endpoint)
{
	if (endpoint->method == GET)
		return "GET";
	if (endpoint->method == POST)
		return "POST";
	return endpoint->method == PUT ? "PUT" : "DELETE";
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* In place; false for an escape that is none, and for bytes that no id or secret has. */
static bool decode_segment(char *s)
{
	char *out = s;

	for (const char *in = s; *in != '\0'; in++) {
		int high, low;

		if (*in != '%') {
			*out++ = *in;
			continue;
		}
		high = hex_digit(in[1]);
		low = high < 0 ? -1 : hex_digit(in[2]);
		if (low < 0 || high * 16 + low < 0x20 || high * 16 + low == '/' ||
		    high * 16 + low == 0x7f)
			return false;
		*out++ = (char)(high * 16 + low);
		in += 2;
	}
	*out = '\0';
	return true;
}

/* Cuts the path at its slashes; 0 when it is no path, or too deep for any endpoint. */
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

static bool method_fits(const struct endpoint *endpoint, enum evhttp_cmd_type method)
{
	return endpoint->method == method ||
	       (method == EVHTTP_REQ_HEAD && endpoint->method == GET && !endpoint->no_head);
}

int api_endpoint_find(struct call *call, enum evhttp_cmd_type method,
                      char ret_allow[static ENDPOINT_ALLOW_MAX], struct ls_fail *fail)
{
	char *segments[SEGMENTS_MAX];
	size_t count = split(call->path, segments), used = 0;

	ret_allow[0] = '\0';
	for (size_t i = 0; count > 0 && i < ENDPOINTS; i++) {
		const struct endpoint *endpoint = &endpoints[i];

		if (!matches(endpoint->pattern, segments, count, call->params))
			continue;
		if (method_fits(endpoint, method)) {
			call->endpoint = endpoint;
			return 0;
		}
		/* At most the four methods of the table and HEAD: always room. */
		used += (size_t)snprintf(ret_allow + used, ENDPOINT_ALLOW_MAX - used, "%s%s%s",
		                         used ? ", " : "", api_endpoint_method(endpoint),
		                         endpoint->method == GET && !endpoint->no_head ? ", HEAD"
		                                                                       : "");
	}
	if (used == 0)
		return ls_fail_set(fail, LS_ERROR_NOT_FOUND, "no such path");
	call->status = HTTP_BADMETHOD;
	return ls_fail_set(fail, LS_ERROR_USAGE, "method not allowed here; use %s", ret_allow);
}
