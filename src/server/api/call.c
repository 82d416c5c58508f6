/* SPDX-License-Identifier: Apache-2.0 */
#include "server/api/call.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/str.h"
#include "proto/node_admin.h"
#include "proto/server_report.h"
#include "server/api/endpoints.h"
#include "json/json.h"

static const char json_media[] = "application/json";

/* Either an answer gets out or the connection goes down: one of the next three is called. */
static void on_gone(struct evhttp_connection *connection, void *arg)
{
	struct call *call = arg;

	(void)connection;
	call->server->in_flight--;
	call->request = NULL;
	if (call->gone)
		call->gone(call);
}

static void on_closed(struct evhttp_connection *connection, void *arg)
{
	struct server *server = arg;

	(void)connection;
	server->in_flight--;
}

static void on_answered(struct evhttp_request *request, void *arg)
{
	struct server *server = arg;

	evhttp_connection_set_closecb(evhttp_request_get_connection(request), NULL, NULL);
	server->in_flight--;
}

static struct ls_ip source_of(const struct server *server, struct evhttp_request *request)
{
	struct evhttp_connection *connection = evhttp_request_get_connection(request);
	char *address = NULL;
	ev_uint16_t port = 0;
	struct ls_ip source;

	evhttp_connection_get_peer(connection, &address, &port);
	/* A link-local source has a scope behind it and does not parse: right so. */
	if (!address || ls_ip_parse(address, &source) < 0)
		source = (struct ls_ip){0};
	return httpd_source_of(&server->proxies, &source,
	                       evhttp_request_get_input_headers(request));
}

struct call *api_call_new(struct server *server, struct evhttp_request *request)
{
	struct call *call = ls_new(struct call);

	call->server = server;
	call->request = request;
	call->origin.now = ls_wall_s();
	call->origin.source = source_of(server, request);
	call->begin_ns = ls_now_ns();
	call->status = HTTP_OK;
	TAILQ_INIT(&call->query);
	call->arena = ls_arena_new(LIMIT_REQUEST_ARENA);
	server->in_flight++;
	evhttp_connection_set_closecb(evhttp_request_get_connection(request), on_gone, call);
	return call;
}

static void free_request(struct call *call)
{
	evhttp_clear_headers(&call->query);
	json_decref(call->body);
	call->body = NULL;
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
	free(call);
}

void api_call_header(struct call *call, const char *name, const char *value)
{
	if (call->request)
		(void)evhttp_add_header(evhttp_request_get_output_headers(call->request), name,
		                        value);
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

int api_call_read_body(struct call *call, size_t max_bytes, struct ls_fail *fail)
{
	struct evbuffer *input = evhttp_request_get_input_buffer(call->request);
	size_t len = evbuffer_get_length(input);
	const char *data;

	if (len > max_bytes) {
		call->status = HTTP_ENTITYTOOLARGE;
		return ls_fail_set(fail, LS_ERROR_LIMIT, "body: larger than %zu bytes", max_bytes);
	}
	if (len == 0)
		return ls_fail_set(fail, LS_ERROR_SYNTAX, "body: empty, JSON was expected");
	data = (const char *)evbuffer_pullup(input, -1);
	if (!data)
		return ls_fail_set(fail, -ENOMEM, "out of memory");
	return json_parse(data, len, max_bytes, "body", &call->body, fail);
}

const char *api_call_query(struct call *call, const char *name)
{
	return evhttp_find_header(&call->query, name);
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

static int status_of(int code)
{
	switch (code) {
	case LS_ERROR_SYNTAX:
	case LS_ERROR_LIMIT:
	case LS_ERROR_BAD_VALUE:
		return HTTP_BADREQUEST;
	case LS_ERROR_AUTH:
		return HTTP_STATUS_UNAUTHORISED;
	case LS_ERROR_NOT_FOUND:
		return HTTP_NOTFOUND;
	case LS_ERROR_CONFLICT:
		return HTTP_STATUS_CONFLICT;
	default:
		return HTTP_INTERNAL;
	}
}

/* What went wrong inside is for the log; clients learn what it means to them. */
static const char *internal_text(int code)
{
	switch (code) {
	case -ENOSPC:
		return "the server's storage is full; nothing was changed";
	case -ENOMEM:
		return "the server is out of memory; nothing was changed";
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

/* Whatever evhttp left unread of this request must not be taken for the next one. */
static bool has_unread_body(struct evhttp_request *request)
{
	struct evkeyvalq *headers = evhttp_request_get_input_headers(request);
	const char *length = evhttp_find_header(headers, "Content-Length");
	enum evhttp_cmd_type method = evhttp_request_get_command(request);

	if (method == EVHTTP_REQ_POST || method == EVHTTP_REQ_PUT || method == EVHTTP_REQ_PATCH)
		return false;
	return (length && strcmp(length, "0") != 0) ||
	       evhttp_find_header(headers, "Transfer-Encoding");
}

void api_http_send(struct evhttp_request *request, int status, const char *type,
                   struct evbuffer *body)
{
	struct evkeyvalq *headers = evhttp_request_get_output_headers(request);
	enum evhttp_cmd_type method = evhttp_request_get_command(request);
	char length[24];

	if (!evhttp_find_header(headers, "Cache-Control"))
		(void)evhttp_add_header(headers, "Cache-Control", "no-store");
	if (body && type)
		(void)evhttp_add_header(headers, "Content-Type", type);
	if (has_unread_body(request))
		(void)evhttp_add_header(headers, "Connection", "close");
	/* evhttp gives answers to these two no length, and CONNECT's would not end without. */
	if (body && (method == EVHTTP_REQ_HEAD || method == EVHTTP_REQ_CONNECT)) {
		(void)snprintf(length, sizeof(length), "%zu", evbuffer_get_length(body));
		(void)evhttp_add_header(headers, "Content-Length", length);
	}
	if (method == EVHTTP_REQ_HEAD)
		body = NULL;
	evhttp_send_reply(request, status, NULL, body);
}

void api_http_send_error(struct evhttp_request *request, int status, const char *text)
{
	struct evbuffer *body = evbuffer_new();
	json_t *json = proto_error_body_encode(text);
	char *encoded = json ? json_text(json, NULL) : NULL;

	json_decref(json);
	if (body && encoded)
		(void)evbuffer_add(body, encoded, strlen(encoded));
	api_http_send(request, status, json_media, body);
	free(encoded);
	if (body)
		evbuffer_free(body);
}

static int encode_answer(struct call *call)
{
	size_t len = 0;
	char *text = json_text(call->answer, &len);
	int r = text ? evbuffer_add(api_call_out(call), text, len) : -1;

	free(text);
	return r == 0 ? 0 : -ENOMEM;
}

static void send_failure(struct call *call, int status, int code, const struct ls_fail *fail)
{
	const char *text = fail->text;

	if (status == HTTP_INTERNAL) {
		log_internal(code, fail);
		text = internal_text(code);
	}
	if (status == HTTP_STATUS_UNAUTHORISED)
		api_call_header(call, "WWW-Authenticate", "Bearer");
	api_http_send_error(call->request, status, text);
}

static void answer(struct call *call, int code, const struct ls_fail *fail)
{
	struct server *server = call->server;
	struct evhttp_request *request = call->request;
	int status = code == 0 || call->status != HTTP_OK ? call->status : status_of(code);

	if (!call->parked)
		count_work(call);
	metrics_requests_count(&server->counts.requests, api_endpoint_id(call->endpoint), status);
	evhttp_request_set_on_complete_cb(request, on_answered, server);
	evhttp_connection_set_closecb(evhttp_request_get_connection(request), on_closed, server);
	if (server->stopping)
		api_call_header(call, "Connection", "close");
	if (code < 0)
		send_failure(call, status, code, fail);
	else
		api_http_send(request, status, call->type, call->out);
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
