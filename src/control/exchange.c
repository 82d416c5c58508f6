/* SPDX-License-Identifier: Apache-2.0 */
/* evhttp's callbacks only record what happened and activate the exchange's step event; everything
 * that frees a connection or calls the user runs from there, when no frame of evhttp's is on the
 * stack.
 */
#include "control/exchange.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/http.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "control/answer.h"
#include "crypto/keys.h"

static const enum evhttp_cmd_type method_types[] = {
        [CONTROL_GET] = EVHTTP_REQ_GET,
        [CONTROL_POST] = EVHTTP_REQ_POST,
        [CONTROL_PUT] = EVHTTP_REQ_PUT,
        [CONTROL_DELETE] = EVHTTP_REQ_DELETE,
};
_Static_assert(sizeof(method_types) / sizeof(method_types[0]) == CONTROL_DELETE + 1, "methods");

static struct timeval ms_to_timeval(uint64_t ms)
{
	return (struct timeval){.tv_sec = (time_t)(ms / 1000),
	                        .tv_usec = (suseconds_t)(ms % 1000 * 1000)};
}

static void run_step(struct control_exchange *ex)
{
	event_active(ex->step, EV_TIMEOUT, 0);
}

static void free_secret(char *text)
{
	if (text)
		key_wipe(text, strlen(text));
	free(text);
}

void exchange_free(struct control_exchange *ex)
{
	ls_list_remove(&ex->node);
	lookup_cancel(ex->lookup);
	connection_free(ex->conn);
	event_free(ex->step);
	event_free(ex->deadline);
	event_free(ex->watch);
	json_decref(ex->answer.body);
	free_secret(ex->authorization);
	free_secret(ex->body); /* may hold an enrolment token */
	free_secret(ex->path); /* may hold an approval secret */
	free(ex->what);
	free(ex);
}

static void finish(struct control_exchange *ex)
{
	ex->answer.url = &ex->url;
	ex->done(ex->arg, &ex->answer);
	exchange_free(ex);
}

static void finish_failed(struct control_exchange *ex, int code, const char *reason)
{
	answer_fail(&ex->answer, code, ex->what, reason);
	finish(ex);
}

static void set_problem(struct control_exchange *ex, int code, const char *reason)
{
	ex->problem_code = code;
	ex->problem = reason;
}

static const char *connect_reason(int error)
{
	switch (error) {
	case ECONNREFUSED:
		return "connection refused";
	case ENETUNREACH:
		return "network unreachable";
	case EHOSTUNREACH:
		return "host unreachable";
	case ETIMEDOUT:
		return "connecting timed out";
	default:
		return "cannot connect";
	}
}

/* Where connecting fails at once the reason is lost inside of evhttp; a datagram socket, which
 * sends nothing to connect, has the same one. */
static int route_error(const struct ls_ip *ip)
{
	const struct ls_endpoint ep = {.ip = *ip, .port = 9};
	struct sockaddr_storage sa;
	socklen_t len = ls_endpoint_to_sockaddr(&ep, &sa);
	LS_CLOSE int fd = socket(sa.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	return fd >= 0 && connect(fd, (struct sockaddr *)&sa, len) < 0 ? errno : 0;
}

static const struct ls_ip *current_address(const struct control_exchange *ex)
{
	return &ex->addresses[ex->next_address - 1];
}

static void on_error(enum evhttp_request_error error, void *arg)
{
	struct control_exchange *ex = arg;

	switch (error) {
	case EVREQ_HTTP_TIMEOUT:
		set_problem(ex, LS_ERROR_UNREACHABLE, "no answer in time");
		break;
	case EVREQ_HTTP_INVALID_HEADER:
		set_problem(ex, LS_ERROR_SYNTAX, "the answer is not HTTP");
		break;
	case EVREQ_HTTP_DATA_TOO_LONG:
		set_problem(ex, LS_ERROR_LIMIT, "the answer is too large");
		break;
	case EVREQ_HTTP_EOF:
	case EVREQ_HTTP_BUFFER_ERROR:
	case EVREQ_HTTP_REQUEST_CANCEL:
		set_problem(ex, LS_ERROR_UNREACHABLE, "the connection broke before the answer");
		break;
	}
}

/* `request` is NULL, or has no status, when there is no answer. */
static void on_answer(struct evhttp_request *request, void *arg)
{
	struct control_exchange *ex = arg;

	if (request && evhttp_request_get_response_code(request) != 0) {
		answer_read(&ex->answer, evhttp_request_get_response_code(request),
		            evhttp_request_get_input_buffer(request), ex->what);
		ex->answered = true;
	} else if (!ex->problem) {
		set_problem(ex, LS_ERROR_UNREACHABLE,
		            ex->state == EXCHANGE_CONNECTING
		                    ? connect_reason(route_error(current_address(ex)))
		                    : "the connection broke before the answer");
	}
	ex->answer.unsent = ex->state == EXCHANGE_CONNECTING;
	ex->state = EXCHANGE_CLOSED;
	run_step(ex);
}

static int add_headers(const struct control_exchange *ex, struct evhttp_request *request)
{
	struct evkeyvalq *headers = evhttp_request_get_output_headers(request);
	bool v6 = strchr(ex->url.host, ':') != NULL;
	char host[CONTROL_URL_HOST_MAX + sizeof("[]:65535")];
	int r;

	(void)snprintf(host, sizeof(host), "%s%s%s:%u", v6 ? "[" : "", ex->url.host, v6 ? "]" : "",
	               ex->url.port);
	r = evhttp_add_header(headers, "Host", host) |
	    evhttp_add_header(headers, "User-Agent", "lightscale-client/" LS_VERSION) |
	    evhttp_add_header(headers, "Accept", "application/json");
	if (ex->authorization)
		r |= evhttp_add_header(headers, "Authorization", ex->authorization);
	if (ex->body) {
		r |= evhttp_add_header(headers, "Content-Type", "application/json");
		r |= evbuffer_add(evhttp_request_get_output_buffer(request), ex->body,
		                  strlen(ex->body));
	}
	return r == 0 ? 0 : -ENOMEM;
}

/* A failure shows as EXCHANGE_CLOSED with a problem, as one that evhttp reports. */
static void send_request(struct control_exchange *ex)
{
	struct evhttp_request *request = evhttp_request_new(on_answer, ex);
	/* The exchange's own deadline is the one that counts. */
	const struct timeval limit = ms_to_timeval((uint64_t)ex->timeout_ms + 1000);

	ex->problem = NULL;
	if (!request || add_headers(ex, request) < 0) {
		if (request)
			evhttp_request_free(request);
		set_problem(ex, -ENOMEM, "out of memory");
		ex->state = EXCHANGE_CLOSED;
		run_step(ex);
		return;
	}
	evhttp_request_set_error_cb(request, on_error);
	evhttp_connection_set_timeout_tv(ex->conn->evcon, &limit);
	if (evhttp_make_request(ex->conn->evcon, request, method_types[ex->method], ex->path) < 0 &&
	    ex->state != EXCHANGE_CLOSED) {
		set_problem(ex, LS_ERROR_UNREACHABLE,
		            connect_reason(route_error(current_address(ex))));
		ex->answer.unsent = true;
		ex->state = EXCHANGE_CLOSED;
		run_step(ex);
	}
}

/* evhttp does not tell when its connection stands, nor why it does not: a look at the event on its
 * way to evhttp does. */
static void on_connect_event(struct bufferevent *bev, short what, void *arg)
{
	struct control_exchange *ex = arg;
	int error = errno;

	bufferevent_setcb(bev, NULL, NULL, ex->evhttp_event, ex->evhttp_arg);
	(void)event_del(ex->watch);
	if (what & BEV_EVENT_CONNECTED)
		ex->state = EXCHANGE_WAITING;
	else
		set_problem(ex, LS_ERROR_UNREACHABLE, connect_reason(error));
	errno = error;
	ex->evhttp_event(bev, what, ex->evhttp_arg);
}

static void watch_connect(struct control_exchange *ex)
{
	struct bufferevent *bev = evhttp_connection_get_bufferevent(ex->conn->evcon);
	uint64_t now = ls_now_ns();
	uint64_t left_ns = ex->connect_by_ns > now ? ex->connect_by_ns - now : 0;
	uint64_t tries = ex->address_count - ex->next_address + 1;
	const struct timeval slice = ms_to_timeval(left_ns / LS_NS_PER_MS / tries + 1);

	if (ex->state != EXCHANGE_CONNECTING)
		return;
	bufferevent_getcb(bev, NULL, NULL, &ex->evhttp_event, &ex->evhttp_arg);
	bufferevent_setcb(bev, NULL, NULL, on_connect_event, ex);
	(void)event_add(ex->watch, &slice); /* fails without memory; then the deadline counts */
}

static void try_next_address(struct control_exchange *ex)
{
	connection_free(ex->conn);
	ex->conn = NULL;
	ex->answer.code =
	        connection_new(&ex->client->pool, &ex->url, &ex->addresses[ex->next_address++],
	                       &ex->conn, &ex->answer.fail);
	if (ex->answer.code < 0) {
		finish(ex);
		return;
	}
	ex->state = EXCHANGE_CONNECTING;
	send_request(ex);
	watch_connect(ex);
}

static void on_lookup(void *arg, const struct ls_ip *addresses, size_t count, const char *reason)
{
	struct control_exchange *ex = arg;

	ex->lookup = NULL;
	ex->address_count = count;
	for (size_t i = 0; i < count; i++)
		ex->addresses[i] = addresses[i];
	if (reason)
		set_problem(ex, LS_ERROR_UNREACHABLE, reason);
	run_step(ex);
}

static void start_fresh(struct control_exchange *ex)
{
	const struct timeval limit = ms_to_timeval(CONTROL_CONNECT_TIMEOUT_MS);

	ex->reused = false;
	ex->state = EXCHANGE_RESOLVING;
	ex->connect_by_ns = ls_now_ns() + CONTROL_CONNECT_TIMEOUT_MS * LS_NS_PER_MS;
	(void)event_add(ex->watch, &limit);
	ex->lookup = resolver_start(ex->client->resolver, ex->url.host, on_lookup, ex);
}

static void start(struct control_exchange *ex)
{
	if (!ex->once)
		ex->conn = connection_pool_take(&ex->client->pool, &ex->url);
	if (!ex->conn) {
		start_fresh(ex);
		return;
	}
	ex->reused = true;
	ex->state = EXCHANGE_WAITING;
	send_request(ex);
}

static void end_attempt(struct control_exchange *ex)
{
	struct connection *conn = ex->conn;

	ex->conn = NULL;
	if (ex->answered) {
		connection_pool_keep(&ex->client->pool, conn);
		finish(ex);
		return;
	}
	connection_free(conn);
	if (ex->reused && ex->problem_code == LS_ERROR_UNREACHABLE)
		start_fresh(ex); /* the server had closed it while it was idle */
	else if (ex->answer.unsent && ex->next_address < ex->address_count)
		try_next_address(ex);
	else
		finish_failed(ex, ex->problem_code, ex->problem);
}

void exchange_on_step(int fd, short what, void *arg)
{
	struct control_exchange *ex = arg;

	(void)fd;
	(void)what;
	switch (ex->state) {
	case EXCHANGE_STARTING:
		start(ex);
		break;
	case EXCHANGE_RESOLVING:
		ex->answer.unsent = true;
		if (ex->address_count > 0)
			try_next_address(ex);
		else
			finish_failed(ex, ex->problem_code, ex->problem);
		break;
	case EXCHANGE_CLOSED:
		end_attempt(ex);
		break;
	case EXCHANGE_CONNECTING:
	case EXCHANGE_WAITING:
		break;
	}
}

void exchange_on_watch(int fd, short what, void *arg)
{
	struct control_exchange *ex = arg;

	(void)fd;
	(void)what;
	if (ex->state == EXCHANGE_RESOLVING) {
		lookup_cancel(ex->lookup);
		ex->lookup = NULL;
		set_problem(ex, LS_ERROR_UNREACHABLE, "the host name does not resolve in time");
		run_step(ex);
	} else if (ex->state == EXCHANGE_CONNECTING) {
		set_problem(ex, LS_ERROR_UNREACHABLE, "connecting timed out");
		ex->answer.unsent = true;
		ex->state = EXCHANGE_CLOSED;
		run_step(ex);
	}
}

void exchange_on_deadline(int fd, short what, void *arg)
{
	struct control_exchange *ex = arg;
	char reason[64];

	(void)fd;
	(void)what;
	if (ex->answered)
		return; /* the step that reports it is pending */
	ex->answer.unsent = ex->state != EXCHANGE_WAITING && ex->state != EXCHANGE_CLOSED;
	(void)snprintf(reason, sizeof(reason), "no answer within %u.%u s", ex->timeout_ms / 1000,
	               ex->timeout_ms % 1000 / 100);
	finish_failed(ex, LS_ERROR_UNREACHABLE, reason);
}
