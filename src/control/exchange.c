/* SPDX-License-Identifier: Apache-2.0 */
/* The stream's callbacks only record what happened and activate the exchange's step event. Code
 * that frees a connection or calls the user runs from the step event, when none of the stream's
 * functions is on the stack. */
#include "control/exchange.h"

#include <errno.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "control/answer.h"
#include "control/http_io.h"
#include "crypto/keys.h"
#include "profile/known.h"

static void end(struct control_exchange *ex)
{
	ex->state = EXCHANGE_ENDED;
	event_active(ex->step, EV_TIMEOUT, 0);
}

void control_exchange_free(struct control_exchange *ex)
{
	size_t size = ex->reader.body.content.len;

	ls_list_remove(&ex->node);
	control_dial_cancel(ex->dial);
	control_connection_free(ex->conn);
	event_free(ex->step);
	event_free(ex->deadline);
	control_proxy_free(ex->proxy);
	json_decref(ex->answer.body);
	http_reader_done(&ex->reader);
	ls_mem_give_back(size);
	key_free_string(ex->authorization);
	key_free_string(ex->body); /* may contain an enrolment token */
	key_free_string(ex->path); /* may contain an approval secret */
	free(ex->what);
	free(ex);
}

static void finish(struct control_exchange *ex)
{
	ex->answer.url = &ex->url;
	ex->done(ex->arg, &ex->answer);
	control_exchange_free(ex);
}

static void finish_failed(struct control_exchange *ex)
{
	control_answer_fail(&ex->answer, &ex->problem, ex->what);
	finish(ex);
}

/* --- the answer --- */

/* TLS servers close a connection that does not speak TLS, most of them without an answer. */
static void note_silent_end(struct control_exchange *ex)
{
	(void)ls_fail_set(&ex->problem, LS_ERROR_UNREACHABLE,
	                  "the connection broke before the answer; does the port speak TLS? "
	                  "Then use https:// in the URL");
	(void)ls_fail_hint(&ex->problem, LS_HINT_SCHEME);
}

static void on_read(struct bufferevent *stream, void *arg)
{
	struct control_exchange *ex = arg;

	(void)control_http_receive(stream, &ex->reader);
	if (ex->reader.state != HTTP_DONE && ex->reader.state != HTTP_FAILED)
		return;
	bufferevent_setcb(stream, NULL, NULL, NULL, NULL);
	if (ex->reader.state == HTTP_FAILED)
		(void)ls_fail_set(&ex->problem, ex->reader.code, "%s", ex->reader.problem);
	end(ex);
}

static void on_event(struct bufferevent *stream, short what, void *arg)
{
	struct control_exchange *ex = arg;
	bool silent = http_reader_is_empty(&ex->reader);

	(void)what;
	bufferevent_setcb(stream, NULL, NULL, NULL, NULL);
	http_reader_end(&ex->reader);
	if (silent && !ex->url.tls && !ex->proxy)
		note_silent_end(ex);
	else if (ex->reader.state == HTTP_FAILED)
		(void)ls_fail_set(&ex->problem, ex->reader.code, "%s", ex->reader.problem);
	end(ex);
}

/* --- the request --- */

/* "http://host:1/v1/x": the form of target that a proxy needs. */
static char *absolute_target(const struct control_exchange *ex)
{
	size_t base =
	        strlen(ex->url.text) - strlen(ex->url.base); /* ex->path begins with ex->url.base */
	size_t size = base + strlen(ex->path) + 1;
	char *target = ls_new_bytes(size);

	(void)snprintf(target, size, "%.*s%s", (int)base, ex->url.text, ex->path);
	return target;
}

static int write_request(struct control_exchange *ex)
{
	bool v6 = strchr(ex->url.host, ':') != NULL;
	char host[CONTROL_URL_HOST_MAX + sizeof("[]:65535")];
	KEY_FREE_STRING char *target = ex->proxy && !ex->url.tls ? absolute_target(ex) : NULL;
	struct http_request request = {.method = proto_method_name(ex->method),
	                               .target = target ? target : ex->path,
	                               .host = host,
	                               .authorization = ex->authorization,
	                               .body = ex->body};

	if (target)
		request.proxy_authorization = ex->proxy->authorization;
	(void)snprintf(host, sizeof(host), "%s%s%s:%u", v6 ? "[" : "", ex->url.host, v6 ? "]" : "",
	               ex->url.port);
	return control_http_send(ex->conn->stream, &request, &ex->problem);
}

static void send_request(struct control_exchange *ex)
{
	ex->state = EXCHANGE_WAITING;
	http_reader_done(&ex->reader);
	http_reader_init(&ex->reader, proto_answer_limits(ex->kind)->bytes, false);
	if (write_request(ex) < 0) {
		ex->answer.unsent = true;
		end(ex);
		return;
	}
	ex->answer.unsent = false;
	bufferevent_setcb(ex->conn->stream, on_read, NULL, on_event, ex);
}

/* --- the steps --- */

static void on_dialled(void *arg, const struct dial_result *result)
{
	struct control_exchange *ex = arg;

	ex->dial = NULL;
	if (!result->stream) {
		ex->problem = *result->fail;
		finish_failed(ex);
		return;
	}
	ex->conn = control_connection_new(&ex->client->pool, &ex->url, result);
	send_request(ex);
}

static void start_fresh(struct control_exchange *ex)
{
	ex->reused = false;
	ex->answer.unsent = true;
	ex->state = EXCHANGE_DIALLING;
	ex->dial = control_dial_start(ex->client->dialer, &ex->url, ex->proxy, on_dialled, ex);
}

static int prepare(struct control_exchange *ex)
{
	if (ex->client->refuses_http && !ex->url.tls)
		return ls_fail_set(&ex->problem, LS_ERROR_UNTRUSTED,
		                   "the server's certificate is pinned, and only https:// shows "
		                   "one; use https:// in the URL");
	return control_proxy_find(&ex->url, getenv, &ex->proxy, &ex->problem);
}

static void start(struct control_exchange *ex)
{
	ex->answer.unsent = true;
	if (prepare(ex) < 0) {
		finish_failed(ex);
		return;
	}
	if (!ex->once)
		ex->conn = control_connection_pool_take(&ex->client->pool, &ex->url);
	if (!ex->conn) {
		start_fresh(ex);
		return;
	}
	ex->reused = true;
	send_request(ex);
}

/* A control server has answered: remembers where its name, or the proxy's, led to. */
static void note_address(const struct control_exchange *ex, const struct ls_ip *peer)
{
	const struct control_url *hop = ex->proxy ? &ex->proxy->url : &ex->url;

	if (ex->client->known && !hop->numeric && !ex->answer.foreign &&
	    ex->answer.code != LS_ERROR_SYNTAX)
		profile_known_note(ex->client->known, hop->host, peer);
}

static void end_attempt(struct control_exchange *ex)
{
	struct connection *conn = ex->conn;
	const struct http_reader *reader = &ex->reader;
	const struct ls_ip peer = conn->peer;

	ex->conn = NULL;
	if (reader->state == HTTP_DONE && reader->keep_alive)
		control_connection_pool_keep(&ex->client->pool, conn);
	else
		control_connection_free(conn);
	if (reader->state == HTTP_DONE) {
		control_answer_read(&ex->answer, reader, ex->kind, ex->what);
		note_address(ex, &peer);
		finish(ex);
	} else if (ex->reused && reader->code == LS_ERROR_UNREACHABLE) {
		start_fresh(ex); /* the server closed the connection while it was idle */
	} else {
		finish_failed(ex);
	}
}

void control_exchange_on_step(int fd, short what, void *arg)
{
	struct control_exchange *ex = arg;

	(void)fd;
	(void)what;
	switch (ex->state) {
	case EXCHANGE_STARTING:
		start(ex);
		break;
	case EXCHANGE_ENDED:
		end_attempt(ex);
		break;
	case EXCHANGE_DIALLING:
	case EXCHANGE_WAITING:
		break;
	}
}

void control_exchange_on_deadline(int fd, short what, void *arg)
{
	struct control_exchange *ex = arg;

	(void)fd;
	(void)what;
	if (ex->state == EXCHANGE_ENDED)
		return; /* the pending step reports the result */
	(void)ls_fail_set(&ex->problem, LS_ERROR_UNREACHABLE, "no answer within %u.%u s",
	                  ex->timeout_ms / 1000, ex->timeout_ms % 1000 / 100);
	finish_failed(ex);
}
