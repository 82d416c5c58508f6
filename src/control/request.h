/* SPDX-License-Identifier: Apache-2.0 */
/* A request to a control server and its answer, as values. */
#ifndef LS_CONTROL_REQUEST_H
#define LS_CONTROL_REQUEST_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "control/url.h"
#include "proto/endpoints.h"

enum {
	CONTROL_TIMEOUT_MS = 15000, /* default of timeout_ms */
};

/* A request. Pointers are borrowed only during the call that takes it. */
struct control_request {
	enum proto_method method;
	const char *path;    /* "/v1/...", already escaped; may carry a query */
	const char *label;   /* shown in failures instead of a path with a secret; or NULL */
	const json_t *body;  /* NULL for none */
	const char *token;   /* for Authorization; NULL for none */
	unsigned timeout_ms; /* until the answer is complete; 0: CONTROL_TIMEOUT_MS */
	bool once;           /* must not be sent again if a server may have received it */
	/* 401, 403 and 404 of one server are not final, because the others may know the node: set
	 * for all but the admin's requests. */
	bool ask_all;
	enum proto_answer answer; /* how large it may be */
	/* Decodes the body of an answer (NULL: it has none). A negative code, with `fail` filled:
	 * it is not the answer that was asked for, so no control server of this node sent it.
	 * NULL: any JSON will do. */
	int (*check)(void *arg, const json_t *body, struct ls_fail *fail);
	void *check_arg; /* must live until the answer comes */
};

/* Makes a request with the method, label, `once`, `ask_all` and `answer` of the endpoint's row in
 * the table; the caller sets the rest. `path` comes from proto_endpoint_path and may have a query;
 * NULL when the endpoint's pattern has no parameter. */
struct control_request control_request_to(enum proto_endpoint endpoint, const char *path);

/* The result of a request. All pointers are borrowed and valid only during the callback. */
struct control_answer {
	int code;                      /* 0 or fail.code */
	int status;                    /* HTTP status; 0 when there was no answer */
	const struct control_url *url; /* the server that was asked last */
	json_t *body; /* NULL when there was none, and on failure; json_incref to keep it */
	/* "POST http://a:1/v1/heartbeat: 401 the server's own text". Codes by cause: 401 and 403
	 * LS_ERROR_AUTH; 404 LS_ERROR_NOT_FOUND; 409 LS_ERROR_CONFLICT; 413 LS_ERROR_LIMIT; other
	 * statuses and all foreign answers LS_ERROR_REMOTE; no answer LS_ERROR_UNREACHABLE; a
	 * server that is not trusted LS_ERROR_UNTRUSTED; an answer that is not HTTP or not JSON
	 * LS_ERROR_SYNTAX. */
	struct ls_fail fail;
	bool foreign; /* an error without the protocol's JSON: no control server sent it */
	bool unsent;  /* failed before any byte of the request can have reached the server */
	/* Of control_failover: the servers that refused an `ask_all` request, as bits: bit i is
	 * item i of the list. 0 on success. */
	uint32_t refused;
};

/* Called exactly once, and never inside the call that started the request. */
typedef void (*control_done_fn)(void *arg, const struct control_answer *answer);

#endif
