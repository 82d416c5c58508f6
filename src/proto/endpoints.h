/* SPDX-License-Identifier: Apache-2.0 */
/* The endpoints of the protocol (docs/protocol.md, "Endpoints"; docs/openapi.json). The server
 * attaches its handlers to these rows, and the client builds its requests from them. */
#ifndef LS_PROTO_ENDPOINTS_H
#define LS_PROTO_ENDPOINTS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "proto/limits.h"

enum proto_method {
	PROTO_GET,
	PROTO_POST,
	PROTO_PUT,
	PROTO_DELETE,
};

enum proto_auth {
	PROTO_AUTH_NONE,         /* none, or a secret in the path or body */
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
	PROTO_ENDPOINT_NETWORK_UPDATE,
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
	PROTO_ENDPOINT_APPROVE_BY_FORM,
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
	PROTO_ENDPOINTS, /* number of endpoints */
};

enum {
	PROTO_ENDPOINT_PARAMS_MAX = 2, /* parameters of one pattern */
	PROTO_ESCAPED_ID_MAX =
	        3 * LIMIT_TOKEN_LEN + 1, /* with NUL; a token may be a parameter, too */
	PROTO_PATH_MAX = 2 * PROTO_ESCAPED_ID_MAX + 64, /* with NUL */
};

/* Kinds of answers that differ in how large they may be. */
enum proto_answer {
	PROTO_ANSWER_SMALL,
	PROTO_ANSWER_POLICY,
	PROTO_ANSWER_LARGE, /* a netmap, or a list of what a network has */
	PROTO_ANSWER_ERROR, /* any status but 2xx */
};

/* What a client accepts, in bytes. A netmap of 100,000 peers is 42 MB of text and takes 308 MB. */
struct proto_answer_limits {
	size_t bytes;
	size_t memory; /* of the values (json/json.h) */
};

/* Static. */
const struct proto_answer_limits *proto_answer_limits(enum proto_answer answer);

struct proto_endpoint_row {
	enum proto_method method;
	const char *pattern; /* "/v1/networks/{}": "{}" stands for one segment, a parameter */
	enum proto_auth auth;
	bool once; /* a second request does more than the first: never repeat one that may have been
	              received */
	enum proto_answer answer;
	const char *label; /* shown by failures and logs in place of a path with a secret; NULL: the
	                      path is no secret */
};

/* The row of an endpoint, static. */
const struct proto_endpoint_row *proto_endpoint_row(enum proto_endpoint endpoint);

/* Makes a path: replaces each "{}" of the pattern by one of `params`, escaped. A parameter that
 * cannot be an id is LS_ERROR_USAGE. */
int proto_endpoint_path(enum proto_endpoint endpoint,
                        const char *const params[static PROTO_ENDPOINT_PARAMS_MAX],
                        char ret[static PROTO_PATH_MAX], struct ls_fail *fail) LS_MUST_CHECK;

/* Escapes an id for a path or a query. LS_ERROR_USAGE for an id that is too long, and for "." and
 * "..", because a proxy would change a path with them. */
int proto_id_escape(const char *id, char ret[static PROTO_ESCAPED_ID_MAX],
                    struct ls_fail *fail) LS_MUST_CHECK;
/* Escapes any text as one path segment or query value: all but the unreserved characters of RFC
 * 3986. False when it does not fit. */
bool proto_escape(const char *s, char *buf, size_t size) LS_MUST_CHECK;

/* "GET", .. */
const char *proto_method_name(enum proto_method method);

#endif
