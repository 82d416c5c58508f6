/* SPDX-License-Identifier: Apache-2.0 */
/* A request to a control server and what comes of it, as values. */
#ifndef LS_CONTROL_REQUEST_H
#define LS_CONTROL_REQUEST_H

#include <jansson.h>
#include <stdbool.h>

#include "base/error.h"
#include "control/url.h"
#include "proto/endpoints.h"

enum {
	CONTROL_TIMEOUT_MS = 15000,    /* what requests without a wish get */
	CONTROL_ANSWER_MAX = 64 << 20, /* bytes of a body; a netmap of 100,000 peers fits */
};

/* A request to make. Pointers are borrowed for the duration of the call that takes it only. */
struct control_request {
	enum proto_method method;
	const char *path;   /* "/v1/...", already escaped; may carry a query */
	const char *label;  /* what failures say instead of path, when it holds a secret; or NULL */
	const json_t *body; /* NULL for none */
	const char *token;  /* for Authorization; NULL for none */
	unsigned timeout_ms; /* until the whole answer is there; 0: CONTROL_TIMEOUT_MS */
	bool once;           /* must not be sent again where it may already have been received */
};

/* A request to an endpoint: method, label and `once` are those of its row in the table, the rest is
 * the caller's to add. `path` is proto_endpoint_path's, with a query or without; NULL where the
 * endpoint's pattern has no parameter and is the path itself. */
struct control_request control_request_to(enum proto_endpoint endpoint, const char *path);

/* What came of a request. All pointers are borrowed and end with the callback. */
struct control_answer {
	int code;                      /* 0, or as in fail */
	int status;                    /* of HTTP; 0 when there was no answer */
	const struct control_url *url; /* who was asked (last) */
	json_t *body; /* NULL when there was none, and on failure; json_incref to keep */
	/* "POST http://a:1/v1/heartbeat: 401 the server's own text". Codes: 401 and 403
	 * LS_ERROR_AUTH, 404 LS_ERROR_NOT_FOUND, 409 LS_ERROR_CONFLICT, 413 LS_ERROR_LIMIT, other
	 * statuses and those that are foreign LS_ERROR_REMOTE, no answer LS_ERROR_UNREACHABLE, a
	 * server that is not trusted LS_ERROR_UNTRUSTED, an answer that is not HTTP or not JSON
	 * LS_ERROR_SYNTAX. */
	struct ls_fail fail;
	bool foreign; /* an error without the protocol's JSON: not a control server's word */
	bool unsent;  /* failed before anything of the request can have reached the server */
};

/* Called exactly once, never from inside the call that started the request. */
typedef void (*control_done_fn)(void *arg, const struct control_answer *answer);

#endif
