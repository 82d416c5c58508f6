/* SPDX-License-Identifier: Apache-2.0 */
/* One request on its way through the server: what arrived, whom it concerns, what is answered. A
 * call lives on the heap and has one holder at a time: the dispatcher, its handler, and whoever the
 * handler passed it on to. The holder ends it with api_call_send. When the client goes first, the
 * call stays with its holder, and its answer goes nowhere. */
#ifndef LS_SERVER_API_CALL_H
#define LS_SERVER_API_CALL_H

#include <event2/buffer.h>
#include <jansson.h>
#include <stdbool.h>

#include "base/mem.h"
#include "http/request.h"
#include "proto/endpoints.h"
#include "server/api/service.h"
#include "server/http/request.h"

struct call;
struct state_outcome;

enum {
	CALL_PATH_MAX = 1024,
	CALL_PARAMS_MAX = 2,
	CALL_QUERY_MAX = 16,
	CALL_FIELDS_MAX = 4,
	CALL_LATER = 1, /* a handler's answer: it comes later */
};

struct call_query {
	struct http_field pairs[CALL_QUERY_MAX];
	size_t count;
	char text[]; /* what the pairs point into */
};

/* Fills the answer of a call whose change is durable. 0, or as a handler. */
typedef int (*call_changed)(struct call *call, const struct state_outcome *outcome,
                            struct ls_fail *fail);

struct call {
	struct server *server;
	struct httpd_request *request; /* NULL: the client has gone */
	const struct http_head *head;  /* of the request; NULL once its body is awaited */
	/* Called when the client goes, for a holder that need not wait then; it may end the call
	 * with api_call_send. NULL: the holder ends it in its own time. */
	void (*gone)(struct call *call);
	/* Called when the client has ended its sending half: it has gone, or waits for a last
	 * answer, which should come soon. NULL: the answer is on its way anyway. */
	void (*half_closed)(struct call *call);
	void *holder;                        /* of both */
	enum proto_endpoint endpoint;        /* PROTO_ENDPOINTS: none */
	uint64_t begin_ns;                   /* of the work on it */
	bool parked;                         /* api_call_park */
	struct origin origin;                /* anyone, until auth.h knows better */
	struct ls_arena *arena;              /* lives as long as the call, or until api_call_park */
	char *path;                          /* at most CALL_PATH_MAX bytes; as long as the arena */
	const char *params[CALL_PARAMS_MAX]; /* decoded, inside of path */
	char *token;                         /* of the header Authorization; NULL: none. Secret */
	struct call_query *query;            /* NULL: none */
	json_t *body;                        /* NULL when the endpoint takes none */
	struct network *network; /* whom the path names, if any; until the handler returns */
	struct node *node;
	call_changed changed; /* api/change.h */
	/* The answer. A handler that succeeds sets `answer`, or fills `out`. */
	enum http_status status;
	json_t *answer;
	struct evbuffer *out; /* made by api_call_out */
	const char *type;     /* of `out` */
	struct http_field fields[CALL_FIELDS_MAX];
	size_t field_count;
};

/* 0; or a code that becomes a status, with the error's text in `fail`; or CALL_LATER: the call has
 * been passed on. Its new holder may have ended it already: the old one must not look at it. */
typedef int (*call_handler)(struct call *call, struct ls_fail *fail);

/* Becomes the request's user. */
struct call *api_call_new(struct server *server, struct httpd_request *request,
                          const struct http_head *head);

/* The call is going to wait for long: frees what was read of the request, and counts the work so
 * far as all the work that there was. */
void api_call_park(struct call *call);

/* A header of the answer; the value is copied. */
void api_call_header(struct call *call, const char *name, const char *value);
/* Zeroed memory that lives as long as the arena; aborts when there is none. For fixed, small sizes
 * only. */
void *api_call_alloc(struct call *call, size_t size) __attribute__((returns_nonnull));

/* Steals `json`; -ENOMEM when it is NULL. */
int api_call_answer(struct call *call, json_t *json, struct ls_fail *fail) LS_MUST_CHECK;
/* The buffer for an answer that is text already. */
struct evbuffer *api_call_out(struct call *call);
/* Reads the request's body as JSON into call->body. */
int api_call_read_body(struct call *call, const struct ls_buf *body,
                       struct ls_fail *fail) LS_MUST_CHECK;
/* Cuts the query of the request's head, which has one. */
int api_call_read_query(struct call *call, const char *query, struct ls_fail *fail) LS_MUST_CHECK;
/* NULL when absent. */
const char *api_call_query(struct call *call, const char *name);
/* A number of the query; `fallback` when it is not there, LS_ERROR_BAD_VALUE when it is none. */
int api_call_query_u64(struct call *call, const char *name, uint64_t fallback, uint64_t *ret,
                       struct ls_fail *fail) LS_MUST_CHECK;

/* Answers, with what the handler left or with the error of `code`, and frees the call. */
void api_call_send(struct call *call, int code, const struct ls_fail *fail);

#endif
