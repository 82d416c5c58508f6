/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/endpoints.h"

#include <assert.h>
#include <stddef.h>

#define NONE  PROTO_AUTH_NONE
#define ADMIN PROTO_AUTH_ADMIN
#define NODE  PROTO_AUTH_NODE

/* clang-format off */
static const struct proto_endpoint_row rows[PROTO_ENDPOINTS] = {
	[PROTO_ENDPOINT_HEALTHZ] = {PROTO_GET, "/healthz", NONE},
	[PROTO_ENDPOINT_READYZ] = {PROTO_GET, "/readyz", NONE},
	[PROTO_ENDPOINT_OPENAPI] = {PROTO_GET, "/v1/openapi.json", NONE},
	[PROTO_ENDPOINT_NETWORK_LIST] = {PROTO_GET, "/v1/networks", ADMIN},
	[PROTO_ENDPOINT_NETWORK_CREATE] = {PROTO_POST, "/v1/networks", ADMIN},
	[PROTO_ENDPOINT_NETWORK_GET] = {PROTO_GET, "/v1/networks/{}", ADMIN},
	[PROTO_ENDPOINT_NETWORK_DELETE] = {PROTO_DELETE, "/v1/networks/{}", ADMIN},
	[PROTO_ENDPOINT_TOKEN_LIST] = {PROTO_GET, "/v1/networks/{}/tokens", ADMIN},
	[PROTO_ENDPOINT_TOKEN_CREATE] = {PROTO_POST, "/v1/networks/{}/tokens", ADMIN},
	[PROTO_ENDPOINT_TOKEN_REVOKE] = {PROTO_POST, "/v1/tokens/{}/revoke", ADMIN},
	[PROTO_ENDPOINT_ACL_GET] = {PROTO_GET, "/v1/networks/{}/acl", ADMIN},
	[PROTO_ENDPOINT_ACL_PUT] = {PROTO_PUT, "/v1/networks/{}/acl", ADMIN},
	[PROTO_ENDPOINT_KEY_POLICY_GET] = {PROTO_GET, "/v1/networks/{}/key-policy", ADMIN},
	[PROTO_ENDPOINT_KEY_POLICY_PUT] = {PROTO_PUT, "/v1/networks/{}/key-policy", ADMIN},
	[PROTO_ENDPOINT_REGISTER] = {PROTO_POST, "/v1/register", NONE},
	[PROTO_ENDPOINT_REGISTER_URL] = {PROTO_POST, "/v1/register-url", NONE},
	[PROTO_ENDPOINT_APPROVE_BY_SECRET] = {PROTO_GET, "/v1/register/approve/{}/{}", NONE},
	[PROTO_ENDPOINT_APPROVE] = {PROTO_POST, "/v1/admin/nodes/{}/approve", ADMIN},
	[PROTO_ENDPOINT_NODE_LIST] = {PROTO_GET, "/v1/admin/networks/{}/nodes", ADMIN},
	[PROTO_ENDPOINT_NODE_UPDATE] = {PROTO_PUT, "/v1/admin/nodes/{}", ADMIN},
	[PROTO_ENDPOINT_TOPOLOGY] = {PROTO_GET, "/v1/admin/topology", ADMIN},
	[PROTO_ENDPOINT_KEYS_ROTATE] = {PROTO_POST, "/v1/nodes/{}/rotate-keys", NODE},
	[PROTO_ENDPOINT_NODE_REVOKE] = {PROTO_POST, "/v1/nodes/{}/revoke", ADMIN},
	[PROTO_ENDPOINT_NODE_DELETE] = {PROTO_DELETE, "/v1/nodes/{}", ADMIN},
	[PROTO_ENDPOINT_KEYS_LIST] = {PROTO_GET, "/v1/nodes/{}/keys", NODE},
	[PROTO_ENDPOINT_AUDIT] = {PROTO_GET, "/v1/audit", ADMIN},
	[PROTO_ENDPOINT_HEARTBEAT] = {PROTO_POST, "/v1/heartbeat", PROTO_AUTH_NODE_IN_BODY},
	[PROTO_ENDPOINT_NETMAP] = {PROTO_GET, "/v1/netmap/{}", NODE},
	[PROTO_ENDPOINT_LONGPOLL] = {PROTO_GET, "/v1/netmap/{}/longpoll", NODE},
};
/* clang-format on */

const struct proto_endpoint_row *proto_endpoint_row(enum proto_endpoint endpoint)
{
	assert(endpoint < PROTO_ENDPOINTS && rows[endpoint].pattern != NULL);
	return &rows[endpoint];
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
