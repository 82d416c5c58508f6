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

void api_call_begin(struct call *call, struct server *server, struct evhttp_request *request)
{
	struct evhttp_connection *connection = evhttp_request_get_connection(request);
	ev_uint16_t port = 0;
	struct ls_ip *source = &call->origin.source;
	char *address = NULL;

	*call = (struct call){.server = server,
	                      .request = request,
	                      .origin.now = ls_wall_s(),
	                      .begin_ns = ls_now_ns(),
	                      .status = HTTP_OK};
	TAILQ_INIT(&call->query);
	call->arena = ls_arena_new(LIMIT_REQUEST_ARENA);
	if (connection)
		evhttp_connection_get_peer(connection, &address, &port);
	/* A link-local source has a scope behind it and does not parse: right so. */
	if (!address || ls_ip_parse(address, source) < 0)
		*source = (struct ls_ip){0};
	*source = httpd_source_of(&server->proxies, source,
	                          evhttp_request_get_input_headers(request));
}

void api_call_end(struct call *call)
{
	evhttp_clear_headers(&call->query);
	json_decref(call->body);
	json_decref(call->answer);
	if (call->out)
		evbuffer_free(call->out);
	ls_arena_free(call->arena);
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

static void send_failure(struct call *call, int code, const struct ls_fail *fail)
{
	int status = call->status != HTTP_OK ? call->status : status_of(code);
	const char *text = fail->text;

	if (status == HTTP_INTERNAL) {
		log_internal(code, fail);
		text = internal_text(code);
	}
	if (status == HTTP_STATUS_UNAUTHORISED)
		(void)evhttp_add_header(evhttp_request_get_output_headers(call->request),
		                        "WWW-Authenticate", "Bearer");
	api_http_send_error(call->request, status, text);
}

static int encode_answer(struct call *call)
{
	size_t len = 0;
	char *text = json_text(call->answer, &len);
	int r = text ? evbuffer_add(api_call_out(call), text, len) : -1;

	free(text);
	return r == 0 ? 0 : -ENOMEM;
}

static void count(struct call *call, int code)
{
	struct server_counts *counts = &call->server->counts;
	int status = code == 0 || call->status != HTTP_OK ? call->status : status_of(code);

	metrics_histogram_add(&counts->work, ls_now_ns() - call->begin_ns);
	/* A long-poll is counted when it is answered. */
	if (code < 0 || !call->deferred)
		metrics_requests_count(&counts->requests, api_endpoint_id(call->endpoint), status);
}

void api_call_send(struct call *call, int code, const struct ls_fail *fail)
{
	struct ls_fail memory = {.text = "cannot encode the answer"};

	if (code == 0 && call->answer && encode_answer(call) < 0) {
		code = -ENOMEM;
		fail = &memory;
	}
	count(call, code);
	if (code < 0)
		send_failure(call, code, fail);
	else if (!call->deferred)
		api_http_send(call->request, call->status, call->type, call->out);
	api_call_end(call);
}
