/* SPDX-License-Identifier: Apache-2.0 */
/* The endpoints of the protocol (docs/protocol.md, "Endpoints"; docs/openapi.json). The server
 * hangs its handlers on these rows, the client builds its requests from them. */
#ifndef LS_PROTO_ENDPOINTS_H
#define LS_PROTO_ENDPOINTS_H

enum proto_method {
	PROTO_GET,
	PROTO_POST,
	PROTO_PUT,
	PROTO_DELETE,
};

enum proto_auth {
	PROTO_AUTH_NONE,         /* open, or the path or body holds a secret of its own */
	PROTO_AUTH_ADMIN,        /* the admin token */
	PROTO_AUTH_NODE,         /* the token of the node that the path names, or the admin token */
	PROTO_AUTH_NODE_IN_BODY, /* the same, for the node that the body names */
};

enum proto_endpoint {
	PROTO_ENDPOINT_HEALTHZ,
	PROTO_ENDPOINT_READYZ,
	PROTO_ENDPOINT_OPENAPI,
	PROTO_ENDPOINT_NETWORK_LIST,
	PROTO_ENDPOINT_NETWORK_CREATE,
	PROTO_ENDPOINT_NETWORK_GET,
	PROTO_ENDPOINT_NETWORK_DELETE,
	PROTO_ENDPOINT_TOKEN_LIST,
	PROTO_ENDPOINT_TOKEN_CREATE,
	PROTO_ENDPOINT_TOKEN_REVOKE,
	PROTO_ENDPOINT_ACL_GET,
	PROTO_ENDPOINT_ACL_PUT,
	PROTO_ENDPOINT_KEY_POLICY_GET,
	PROTO_ENDPOINT_KEY_POLICY_PUT,
	PROTO_ENDPOINT_REGISTER,
	PROTO_ENDPOINT_REGISTER_URL,
	PROTO_ENDPOINT_APPROVE_BY_SECRET,
	PROTO_ENDPOINT_APPROVE,
	PROTO_ENDPOINT_NODE_LIST,
	PROTO_ENDPOINT_NODE_UPDATE,
	PROTO_ENDPOINT_TOPOLOGY,
	PROTO_ENDPOINT_KEYS_ROTATE,
	PROTO_ENDPOINT_NODE_REVOKE,
	PROTO_ENDPOINT_NODE_DELETE,
	PROTO_ENDPOINT_KEYS_LIST,
	PROTO_ENDPOINT_AUDIT,
	PROTO_ENDPOINT_HEARTBEAT,
	PROTO_ENDPOINT_NETMAP,
	PROTO_ENDPOINT_LONGPOLL,
	PROTO_ENDPOINTS, /* how many there are */
};

enum {
	PROTO_ENDPOINT_PARAMS_MAX = 2 /* of one pattern */
};

struct proto_endpoint_row {
	enum proto_method method;
	const char *pattern; /* "/v1/networks/{}": "{}" stands for one segment, a parameter */
	enum proto_auth auth;
};

/* The row of an endpoint, static. */
const struct proto_endpoint_row *proto_endpoint_row(enum proto_endpoint endpoint);

/* "GET", .. */
const char *proto_method_name(enum proto_method method);

#endif
