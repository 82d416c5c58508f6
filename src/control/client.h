/* SPDX-License-Identifier: Apache-2.0 */
/* HTTP and HTTPS to one control server: JSON requests, several at once, each on a connection of its
 * own; connections stay open for the next request to the same server. All calls and callbacks are
 * on the event loop's thread; nothing blocks. Names are resolved by evdns, their addresses raced;
 * the environment's proxies are used (proxy.h). Nothing of a request leaves before a server of an
 * https:// URL has shown that it is trusted. Tokens are never logged and never part of a failure.
 */
#ifndef LS_CONTROL_CLIENT_H
#define LS_CONTROL_CLIENT_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "control/trust.h"
#include "control/url.h"

struct event_base;

enum {
	CONTROL_CONNECT_TIMEOUT_MS = 3000, /* for name and all addresses of one URL together */
	CONTROL_TIMEOUT_MS = 15000,        /* what requests without a wish get */
	CONTROL_ANSWER_MAX = 64 << 20,     /* bytes of a body; a netmap of 100,000 peers fits */
};

enum control_method {
	CONTROL_GET,
	CONTROL_POST,
	CONTROL_PUT,
	CONTROL_DELETE,
};

/* A request to make. Pointers are borrowed for the duration of the call that takes it only. */
struct control_request {
	enum control_method method;
	const char *path;   /* "/v1/...", already escaped; may carry a query */
	const char *label;  /* what failures say instead of path, when it holds a secret; or NULL */
	const json_t *body; /* NULL for none */
	const char *token;  /* for Authorization; NULL for none */
	unsigned timeout_ms; /* until the whole answer is there; 0: CONTROL_TIMEOUT_MS */
	bool once;           /* must not be sent again where it may already have been received */
};

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

struct control_client;
struct control_exchange;

/* `trust` is copied; NULL is all zero. */
struct control_client *control_client_new(struct event_base *base,
                                          const struct control_trust *trust);
/* Requests under way are dropped without their callbacks. NULL is fine. */
void control_client_free(struct control_client *client);

/* Starts a request. The exchange is freed by the client after `done`, or by
 * control_exchange_cancel. */
struct control_exchange *control_exchange_start(struct control_client *client,
                                                const struct control_url *url,
                                                const struct control_request *request,
                                                control_done_fn done, void *arg);
/* Ends it without its callback. NULL is fine; not from inside its own callback. */
void control_exchange_cancel(struct control_exchange *exchange);

const char *control_method_name(enum control_method method);

/* Escapes one path segment or query value (RFC 3986 unreserved bytes stay). False when it does not
 * fit. */
bool control_escape(const char *s, char *buf, size_t size);

#endif
