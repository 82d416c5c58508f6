/* SPDX-License-Identifier: Apache-2.0 */
/* A call is one request of the API: what the client sent, the objects that it is about, and the
 * answer. One part of the server holds it at a time: the dispatcher, then the handler, then whoever
 * the handler passes it to. The holder ends it with api_call_send(), which frees it. When the
 * client closes the connection earlier, the holder keeps the call, and the answer is dropped. */
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
	CALL_FIELDS_MAX = 6,
	CALL_LATER = 1, /* result of a handler: the answer comes later */
};

struct call_query {
	struct http_field pairs[CALL_QUERY_MAX];
	size_t count;
	size_t size; /* of `text` */
	char text[]; /* what the pairs point into */
};

/* Fills the answer of a call whose change is durable. Returns 0 or a code, as a handler does. */
typedef int (*call_changed)(struct call *call, const struct state_outcome *outcome,
                            struct ls_fail *fail);

/* Makes a page with this text the answer. */
typedef int (*call_show)(struct call *call, const char *text, struct ls_fail *fail);

struct call {
	struct server *server;
	struct httpd_request *request; /* NULL: the client has gone */
	const struct http_head *head;  /* NULL when the handler runs after the body was read */
	/* Called when the client has gone; the holder may then end the call with api_call_send().
	 * NULL: the holder ends it later, as usual. */
	void (*gone)(struct call *call);
	/* Called when the client has ended its sending half: it has gone, or waits for a last
	 * answer, which should come soon. NULL: the answer comes soon anyway. */
	void (*half_closed)(struct call *call);
	void *holder;                        /* a pointer for gone() and half_closed() */
	enum proto_endpoint endpoint;        /* PROTO_ENDPOINTS: none */
	uint64_t begin_ns;                   /* when the work on it began */
	bool parked;                         /* api_call_park() was called */
	struct origin origin;                /* ACTOR_ANYONE until auth.h fills the actor */
	struct ls_arena *arena;              /* freed with the call, or by api_call_park() */
	char *path;                          /* below CALL_PATH_MAX bytes; freed with the arena */
	const char *params[CALL_PARAMS_MAX]; /* decoded; they point into path */
	char *token;                         /* from the header Authorization; secret. NULL: none */
	struct call_query *query;            /* NULL: none */
	json_t *body;                        /* NULL when the endpoint takes no JSON */
	struct call_query *form;             /* the body of a form; secret. NULL: none */
	struct network
	        *network; /* the object in the path, if any; only until the handler returns */
	struct node *node;
	call_changed changed;        /* set by api/change.h */
	call_show page;              /* shows a failure; NULL: the client gets JSON, not pages */
	struct state_ticket ticket;  /* of its change */
	struct string_list warnings; /* for the answer of a heartbeat; in the arena */
	const char *asked_name;      /* for that of a registration; in the arena */
	/* Only for api/waiting.h. */
	struct ls_list waiting;
	uint64_t waits_until_ns;
	bool (*withdraw)(struct call *call);
	/* The answer. A handler that succeeds sets `answer`, or fills `out`. */
	enum http_status status;
	json_t *answer;
	struct evbuffer *out; /* made by api_call_out() */
	size_t shared;        /* bytes of `out` that other answers share */
	const char *type;     /* media type of `out` */
	struct http_field fields[CALL_FIELDS_MAX];
	size_t field_count;
};

/* Returns 0: the answer is filled; or a negative code, which becomes a status, with the error's
 * text in `fail`; or CALL_LATER: the call was passed on. Its new holder may have freed it already,
 * so the old one must not use it. */
typedef int (*call_handler)(struct call *call, struct ls_fail *fail);

/* Makes the call of a request and sets it as the request's user pointer. */
struct call *api_call_new(struct server *server, struct httpd_request *request,
                          const struct http_head *head);

/* Call it before a long wait: frees the data of the request, and counts the time until now as the
 * time of the work. */
void api_call_park(struct call *call);

/* Adds a header to the answer. The value is copied. */
void api_call_header(struct call *call, const char *name, const char *value);
/* Zeroed memory from the call's arena. Aborts when out of memory, so only for small, fixed sizes.
 */
void *api_call_alloc(struct call *call, size_t size) __attribute__((returns_nonnull));

/* Sets the answer. Takes ownership of `json`; -ENOMEM when it is NULL. */
int api_call_answer(struct call *call, json_t *json, struct ls_fail *fail) LS_MUST_CHECK;
/* The buffer for an answer that is already text. */
struct evbuffer *api_call_out(struct call *call);
/* Reads the request's body as JSON into call->body. */
int api_call_read_body(struct call *call, const struct ls_buf *body,
                       struct ls_fail *fail) LS_MUST_CHECK;
/* Reads the request's body as a form into call->form. */
int api_call_read_form(struct call *call, const struct ls_buf *body,
                       struct ls_fail *fail) LS_MUST_CHECK;
/* The value of a field of the form; NULL when there is none. */
const char *api_call_field(const struct call *call, const char *name);
/* Parses the query of the request's target into call->query. */
int api_call_read_query(struct call *call, const char *query, struct ls_fail *fail) LS_MUST_CHECK;
/* A value of the query; NULL when there is none. */
const char *api_call_query(struct call *call, const char *name);
/* A number of the query. Gives `fallback` when there is none; LS_ERROR_BAD_VALUE when the value is
 * not a number. */
int api_call_query_u64(struct call *call, const char *name, uint64_t fallback, uint64_t *ret,
                       struct ls_fail *fail) LS_MUST_CHECK;

/* Answers with what the handler has filled, or with the error of `code`. Frees the call. */
void api_call_send(struct call *call, int code, const struct ls_fail *fail);
/* Answers with an error, but keeps the call, as if the client had gone. */
void api_call_send_early(struct call *call, int code, const struct ls_fail *fail);

#endif
