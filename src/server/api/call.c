/* SPDX-License-Identifier: Apache-2.0 */
#include "server/api/call.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/str.h"
#include "crypto/keys.h"
#include "http/query.h"
#include "proto/limits.h"
#include "server/api/reply.h"
#include "json/json.h"

static const char json_media[] = "application/json";

/* To somebody whom the store was too busy for. */
#define RETRY_AFTER_S "5"

/* Copies the token behind "Bearer"; NULL when there is none or it is too long. */
static char *copy_token(const struct http_head *head)
{
	const char *value = http_head_field(head, "Authorization");

	if (!value || strncasecmp(value, "Bearer ", 7) != 0)
		return NULL;
	value += 7;
	value += strspn(value, " ");
	return *value != '\0' && strlen(value) <= LIMIT_TOKEN_LEN ? ls_strdup(value) : NULL;
}

struct call *api_call_new(struct server *server, struct httpd_request *request,
                          const struct http_head *head)
{
	struct call *call = ls_new(struct call);

	call->server = server;
	call->request = request;
	call->head = head;
	call->endpoint = PROTO_ENDPOINTS;
	call->origin.now = api_server_now(server);
	call->origin.source = httpd_source_of(&server->proxies, httpd_request_peer(request), head);
	call->begin_ns = call->origin.now_ns = ls_now_ns();
	call->status = HTTP_STATUS_OK;
	call->token = copy_token(head);
	ls_list_init(&call->waiting);
	call->arena = ls_arena_new(LIMIT_REQUEST_ARENA);
	httpd_request_set_user(request, call);
	return call;
}

static void free_request(struct call *call)
{
	key_free_string(call->token);
	call->token = NULL;
	free(call->query);
	call->query = NULL;
	json_decref(call->body);
	call->body = NULL;
	if (call->form)
		state_secret_wipe(call->form->text, call->form->size);
	free(call->form);
	call->form = NULL;
	ls_arena_free(call->arena);
	call->arena = NULL;
	free(call->path);
	call->path = NULL;
	for (size_t i = 0; i < CALL_PARAMS_MAX; i++)
		call->params[i] = NULL;
}

static void count_work(struct call *call)
{
	metrics_histogram_add(&call->server->counts.work, ls_now_ns() - call->begin_ns);
}

void api_call_park(struct call *call)
{
	free_request(call);
	count_work(call);
	call->parked = true;
}

static void call_free(struct call *call)
{
	free_request(call);
	json_decref(call->answer);
	if (call->out)
		evbuffer_free(call->out);
	for (size_t i = 0; i < call->field_count; i++)
		free((char *)call->fields[i].value);
	free(call);
}

void api_call_header(struct call *call, const char *name, const char *value)
{
	assert(call->field_count < CALL_FIELDS_MAX);
	call->fields[call->field_count++] =
	        (struct http_field){.name = name, .value = ls_strdup(value)};
}

void *api_call_alloc(struct call *call, size_t size)
{
	void *p = ls_arena_alloc(call->arena, 1, size);

	if (!p)
		abort();
	return p;
}

int api_call_answer(struct call *call, json_t *json, struct ls_fail *fail)
{
	if (!json)
		return ls_fail_set(fail, -ENOMEM, "out of memory");
	call->answer = json;
	return 0;
}

struct evbuffer *api_call_out(struct call *call)
{
	if (!call->out) {
		call->out = evbuffer_new();
		call->type = json_media;
	}
	if (!call->out)
		abort();
	return call->out;
}

int api_call_read_body(struct call *call, const struct ls_buf *body, struct ls_fail *fail)
{
	if (body->len == 0)
		return ls_fail_set(fail, LS_ERROR_SYNTAX, "body: empty, JSON was expected");
	return json_parse(ls_buf_text(body), body->len, body->len, "body", &call->body, fail);
}

static int parse_pairs(const char *text, size_t len, const char *what, struct call_query **ret,
                       struct ls_fail *fail)
{
	struct call_query *query = ls_try_array(1, sizeof(*query) + len + 1);
	int r;

	if (!query)
		return ls_fail_set(fail, -ENOMEM, "out of memory");
	*ret = query;
	query->size = len + 1;
	memcpy(query->text, text, len);
	r = http_query_parse(query->text, query->pairs, CALL_QUERY_MAX, &query->count);
	if (r == LS_ERROR_LIMIT)
		return ls_fail_set(fail, r, "%s: more than %d pairs", what, (int)CALL_QUERY_MAX);
	return r < 0 ? ls_fail_set(fail, r, "%s: not of the form name=value", what) : 0;
}

int api_call_read_query(struct call *call, const char *query, struct ls_fail *fail)
{
	return parse_pairs(query, strlen(query), "query", &call->query, fail);
}

int api_call_read_form(struct call *call, const struct ls_buf *body, struct ls_fail *fail)
{
	const char *text = ls_buf_text(body);

	if (body->len == 0 || memchr(text, '\0', body->len))
		return ls_fail_set(fail, LS_ERROR_SYNTAX, "body: a form was expected");
	return parse_pairs(text, body->len, "body", &call->form, fail);
}

const char *api_call_field(const struct call *call, const char *name)
{
	for (size_t i = 0; call->form && i < call->form->count; i++) {
		if (strcmp(call->form->pairs[i].name, name) == 0)
			return call->form->pairs[i].value;
	}
	return NULL;
}

const char *api_call_query(struct call *call, const char *name)
{
	for (size_t i = 0; call->query && i < call->query->count; i++) {
		if (strcasecmp(call->query->pairs[i].name, name) == 0)
			return call->query->pairs[i].value;
	}
	return NULL;
}

int api_call_query_u64(struct call *call, const char *name, uint64_t fallback, uint64_t *ret,
                       struct ls_fail *fail)
{
	const char *text = api_call_query(call, name);

	if (!text) {
		*ret = fallback;
		return 0;
	}
	if (ls_parse_u64(text, 0, UINT64_MAX, ret) < 0)
		return ls_fail_set(fail, LS_ERROR_BAD_VALUE, "query: %s: not a number", name);
	return 0;
}

static enum http_status status_of(int code)
{
	switch (code) {
	case LS_ERROR_SYNTAX:
	case LS_ERROR_LIMIT:
	case LS_ERROR_BAD_VALUE:
		return HTTP_STATUS_BAD_REQUEST;
	case LS_ERROR_AUTH:
		return HTTP_STATUS_UNAUTHORISED;
	case LS_ERROR_NOT_FOUND:
		return HTTP_STATUS_NOT_FOUND;
	case LS_ERROR_CONFLICT:
		return HTTP_STATUS_CONFLICT;
	case -EBUSY:
	case -ETIMEDOUT:
		return HTTP_STATUS_UNAVAILABLE;
	case LS_ERROR_TOO_MANY:
		return HTTP_STATUS_TOO_MANY;
	default:
		return HTTP_STATUS_INTERNAL;
	}
}

/* Details of an internal error go into the log; clients learn what it means for them. */
static const char *internal_text(int code)
{
	switch (code) {
	case -ENOSPC:
		return "the server's storage is full; nothing was changed";
	case -ENOMEM:
		return "the server is out of memory; nothing was changed";
	case -ESTALE:
		return "the server's database was moved, replaced or deleted; nothing was changed";
	default:
		return "the server's storage failed; nothing was changed";
	}
}

static void log_internal(int code, const struct ls_fail *fail)
{
	static struct ls_ratelimit limit = LS_RATELIMIT_INIT(5, 10 * LS_NS_PER_S);

	if (!ls_ratelimit_pass(&limit, ls_now_ns()))
		return;
	ls_error("request.failed", "code=%d suppressed=%" PRIu64 " error=\"%s\"", code,
	         limit.suppressed, fail->text);
	limit.suppressed = 0;
}

static int encode_answer(struct call *call)
{
	size_t len = 0;
	char *text = json_text(call->answer, &len);
	int r = text ? evbuffer_add(api_call_out(call), text, len) : -1;

	free(text);
	return r == 0 ? 0 : -ENOMEM;
}

static void send_success(struct call *call, enum http_status status)
{
	const struct httpd_answer answer = {.status = status,
	                                    .type = call->type,
	                                    .fields = call->fields,
	                                    .field_count = call->field_count,
	                                    .body = call->out,
	                                    .shared = call->shared};

	api_reply(call->request, answer);
}

static void send_failure(struct call *call, enum http_status status, int code,
                         const struct ls_fail *fail)
{
	const char *text = fail->text;
	struct httpd_answer answer = {.status = status, .fields = call->fields};
	struct ls_fail page_fail;
	char seconds[16];

	if (status == HTTP_STATUS_INTERNAL) {
		log_internal(code, fail);
		text = internal_text(code);
	}
	if (code == -EBUSY && call->status == HTTP_STATUS_OK)
		api_call_header(call, "Retry-After", RETRY_AFTER_S);
	if (status == HTTP_STATUS_UNAUTHORISED)
		api_call_header(call, "WWW-Authenticate", "Bearer");
	if (fail->retry_s > 0) {
		(void)snprintf(seconds, sizeof(seconds), "%u", fail->retry_s);
		api_call_header(call, "Retry-After", seconds);
	}
	if (call->page && call->page(call, text, &page_fail) == 0) {
		send_success(call, status);
		return;
	}
	answer.field_count = call->field_count;
	api_reply_error(call->request, answer, text);
}

static void answer(struct call *call, int code, const struct ls_fail *fail)
{
	enum http_status status =
	        code == 0 || call->status != HTTP_STATUS_OK ? call->status : status_of(code);

	if (!call->parked)
		count_work(call);
	metrics_requests_count(&call->server->counts.requests, call->endpoint, (int)status);
	if (code < 0)
		send_failure(call, status, code, fail);
	else
		send_success(call, status);
}

void api_call_send_early(struct call *call, int code, const struct ls_fail *fail)
{
	answer(call, code, fail);
	call->request = NULL;
}

void api_call_send(struct call *call, int code, const struct ls_fail *fail)
{
	const struct ls_fail memory = {.text = "cannot encode the answer"};

	if (code == 0 && call->answer && encode_answer(call) < 0) {
		code = -ENOMEM;
		fail = &memory;
	}
	if (call->request)
		answer(call, code, fail);
	call_free(call);
}
