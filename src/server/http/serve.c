/* SPDX-License-Identifier: Apache-2.0 */
/* The events of its stream drive a connection. All connections share the front's buffer: bytes are
 * read into it and used there. Only bytes that cannot be used yet are kept with the connection, so
 * that a waiting connection holds no buffer. A callback of the handler may answer, detach or kill
 * the connection, so its state is checked after each. */
#include "server/http/serve.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "crypto/keys.h"
#include "server/http/budget.h"
#include "server/http/connection.h"
#include "server/http/evict.h"
#include "server/http/send.h"

/* --- calls of the handler --- */

/* Refuses the request: the handler answers at once, and no later request of the connection is
 * read. */
static void refuse(struct httpd_connection *conn, enum http_status status, const char *text)
{
	const struct httpd_listener *listener = conn->listener;
	struct httpd_request *request = &conn->request;

	if (!request->told)
		*request = (struct httpd_request){.told = true, .minor = 1};
	request->keep_alive = false;
	httpd_connection_set_state(conn, HTTPD_WORK);
	httpd_connection_set_deadline(conn, 0);
	listener->handler->fault(listener->context, request, status, text);
	assert(!request->told);
}

static void refuse_body(struct httpd_connection *conn)
{
	char text[80];

	switch (conn->request.body->fault) {
	case HTTP_BODY_TOO_LARGE:
		(void)snprintf(text, sizeof(text),
		               "request too large: the body is larger than %zu bytes",
		               conn->request.body_max);
		refuse(conn, HTTP_STATUS_TOO_LARGE, text);
		break;
	case HTTP_BODY_NO_MEMORY:
		refuse(conn, HTTP_STATUS_INTERNAL, "the server is out of memory");
		break;
	case HTTP_BODY_LONG_LINE:
		refuse(conn, HTTP_STATUS_BAD_REQUEST,
		       "bad request: more than 16 KiB of trailers or beside a chunk's size");
		break;
	case HTTP_BODY_SOUND:
	case HTTP_BODY_BAD_CHUNK:
	case HTTP_BODY_BAD_LINE:
		refuse(conn, HTTP_STATUS_BAD_REQUEST,
		       "bad request: the chunks of the body do not parse");
		break;
	}
}

static void look_at_body(struct httpd_connection *conn)
{
	const struct httpd_listener *listener = conn->listener;
	const struct http_body *body = conn->request.body;

	if (body->state == HTTP_BODY_FAILED) {
		refuse_body(conn);
	} else if (body->state == HTTP_BODY_DONE) {
		httpd_connection_set_state(conn, HTTPD_WORK);
		httpd_connection_set_deadline(conn, 0);
		listener->handler->body(listener->context, &conn->request, &body->content);
	} else if (conn->request.wants_continue) {
		conn->request.wants_continue = false;
		httpd_send_continue(conn);
	}
}

/* --- input --- */

static size_t begin_head(struct httpd_connection *conn, const char *data, size_t len)
{
	if (len >= HTTP_HEAD_MAX) {
		refuse(conn, HTTP_STATUS_BAD_REQUEST,
		       "bad request: the header is larger than 16 KiB");
		return len;
	}
	if (!http_head_may_begin(data, len)) {
		refuse(conn, HTTP_STATUS_BAD_REQUEST, "bad request: not HTTP/1.1");
		return len;
	}
	conn->seen = len;
	if (conn->state == HTTPD_IDLE) {
		httpd_connection_set_state(conn, HTTPD_HEAD);
		httpd_connection_set_deadline(conn, conn->listener->httpd->limits.head_ms);
	}
	return 0;
}

static void begin_request(struct httpd_connection *conn, const struct http_head *head,
                          const char *behind, size_t behind_len)
{
	const struct httpd_listener *listener = conn->listener;
	struct httpd_request *request = &conn->request;

	*request = (struct httpd_request){.told = true,
	                                  .is_head = strcmp(head->method, "HEAD") == 0,
	                                  .has_body = http_head_has_body(head),
	                                  .keep_alive = head->keep_alive,
	                                  /* Not when the client has begun to send the body. */
	                                  .wants_continue = head->wants_continue && behind_len == 0,
	                                  .minor = head->minor,
	                                  .length = head->length,
	                                  .behind = behind,
	                                  .behind_len = behind_len};
	httpd_connection_set_state(conn, HTTPD_WORK);
	httpd_connection_set_deadline(conn, 0);
	listener->handler->head(listener->context, request, head);
	request->behind = NULL;
	request->behind_len = 0;
	if (conn->state == HTTPD_BODY)
		look_at_body(conn);
}

/* Returns how many bytes were used; 0: it needs more. */
static size_t take_head(struct httpd_connection *conn, char *data, size_t len)
{
	size_t blank = http_blank_lines(data, len), n;
	const char *problem = NULL;
	struct http_head head;
	int status;

	if (blank > 0) {
		conn->seen = 0;
		return blank;
	}
	n = http_head_length(data, len, conn->seen);
	if (n == 0)
		return begin_head(conn, data, len);
	conn->seen = 0;
	status = http_head_parse(data, n, &head, &problem);
	if (status == 0)
		begin_request(conn, &head, data + n, len - n);
	else
		refuse(conn, (enum http_status)status, problem);
	return n;
}

static size_t take_body(struct httpd_connection *conn, const char *data, size_t len)
{
	size_t used = http_body_feed(conn->request.body, data, len);

	httpd_connection_earn(conn, used);
	look_at_body(conn);
	return used;
}

/* Uses as many of the bytes as the state allows; returns how many. */
static size_t consume(struct httpd_connection *conn, char *data, size_t len)
{
	size_t used = 0;

	while (used < len) {
		size_t n = 0;

		if (conn->state == HTTPD_IDLE || conn->state == HTTPD_HEAD)
			n = take_head(conn, data + used, len - used);
		else if (conn->state == HTTPD_BODY)
			n = take_body(conn, data + used, len - used);
		if (n == 0)
			break;
		used += n;
	}
	return used;
}

static bool wants_input(const struct httpd_connection *conn)
{
	return conn->state == HTTPD_IDLE || conn->state == HTTPD_HEAD || conn->state == HTTPD_BODY;
}

/* Uses the bytes that were kept. False when no more of them can be used now. */
static bool consume_kept(struct httpd_connection *conn)
{
	size_t used = consume(conn, conn->in.data, conn->in.len);

	if (conn->state == HTTPD_DEAD)
		return false;
	if (used == conn->in.len || conn->state == HTTPD_LINGER) {
		key_wipe(conn->in.data, conn->in.cap);
		ls_buf_done(&conn->in);
	} else if (used > 0) {
		conn->in.len -= used;
		memmove(conn->in.data, conn->in.data + used, conn->in.len);
	}
	return used > 0 && conn->in.len > 0 && wants_input(conn);
}

static void take(struct httpd_connection *conn, char *data, size_t len)
{
	size_t used = conn->in.len == 0 ? consume(conn, data, len) : 0;

	if (conn->state == HTTPD_LINGER || conn->state == HTTPD_DEAD || used == len)
		return;
	ls_buf_add(&conn->in, data + used, len - used);
	if (conn->in.failed)
		httpd_connection_kill(conn);
	else if (used == 0 && wants_input(conn))
		(void)consume_kept(conn);
}

/* Looks at what the connection keeps in memory now. */
static void settle(struct httpd_connection *conn)
{
	httpd_budget_count(conn);
	if (conn->held == 0 || httpd_evict_for_memory(conn))
		return;
	if (conn->state == HTTPD_HEAD || conn->state == HTTPD_BODY)
		refuse(conn, HTTP_STATUS_UNAVAILABLE,
		       "the server has no memory left for this request; try again in 5 s");
	else if (conn->state == HTTPD_WORK && conn->in.cap > 0)
		httpd_connection_kill(conn); /* it sends more while its request waits */
}

static void end_input(struct httpd_connection *conn)
{
	const struct httpd_listener *listener = conn->listener;

	conn->ended = true;
	if (conn->state == HTTPD_WORK && listener->handler->half_closed)
		listener->handler->half_closed(listener->context, &conn->request);
}

static void receive(struct httpd_connection *conn)
{
	struct httpd *httpd = conn->listener->httpd;
	ssize_t n;

	if (conn->ended || (conn->in.len >= HTTP_AHEAD_MAX && conn->state >= HTTPD_WORK))
		return;
	n = httpd_stream_read(&conn->stream, httpd->in, sizeof(httpd->in));
	if (n == -EAGAIN)
		return;
	if (n > 0) {
		take(conn, httpd->in, (size_t)n);
		key_wipe(httpd->in, (size_t)n); /* it may hold credentials */
		settle(conn);
	} else if (n == 0) {
		end_input(conn);
	} else {
		httpd_connection_kill(conn);
	}
}

/* --- events --- */

static void refuse_plain(struct httpd_connection *conn)
{
	static const char answer[] =
	        "HTTP/1.1 400 Bad Request\r\nContent-Type: application/json\r\n"
	        "Connection: close\r\nContent-Length: 62\r\n\r\n"
	        "{\"error\":\"this port speaks HTTPS; use an https:// URL for it\"}";

	(void)send(conn->stream.fd, answer, sizeof(answer) - 1, MSG_NOSIGNAL);
	httpd_connection_set_state(conn, HTTPD_LINGER);
	httpd_connection_set_deadline(conn, conn->listener->httpd->limits.linger_ms);
	httpd_stream_end_writing(&conn->stream);
}

static void shake_hands(struct httpd_connection *conn)
{
	int r = httpd_stream_handshake(&conn->stream);

	if (r == -EAGAIN)
		return;
	if (r == -ENOTSUP) {
		refuse_plain(conn);
	} else if (r < 0) {
		httpd_connection_kill(conn);
	} else {
		httpd_connection_set_state(conn, HTTPD_IDLE);
		httpd_connection_set_deadline(conn, conn->listener->httpd->limits.idle_ms);
	}
}

static void consume_all_kept(struct httpd_connection *conn)
{
	while (conn->in.len > 0 && wants_input(conn) && consume_kept(conn))
		;
}

static void go_on(struct httpd_connection *conn, short what)
{
	if (conn->state == HTTPD_HANDSHAKE)
		shake_hands(conn);
	else if (conn->state == HTTPD_SEND && what & EV_WRITE)
		httpd_send_more(conn);
	else if (conn->state == HTTPD_LINGER && !httpd_stream_discard(&conn->stream))
		httpd_connection_kill(conn);
	consume_all_kept(conn);
	if (what & EV_READ && (wants_input(conn) || conn->state == HTTPD_WORK))
		receive(conn);
	consume_all_kept(conn);
	if (wants_input(conn) && conn->ended)
		httpd_connection_kill(conn);
}

static void on_ready(void *arg, short what)
{
	struct httpd_connection *conn = arg;

	conn->driven = true;
	go_on(conn, what);
	conn->driven = false;
	httpd_budget_count(conn);
	httpd_connection_wait(conn);
}

static void on_expired(evutil_socket_t fd, short what, void *arg)
{
	struct httpd_connection *conn = arg;

	(void)fd;
	(void)what;
	if (!httpd_connection_has_expired(conn))
		return;
	conn->driven = true;
	switch (conn->state) {
	case HTTPD_HEAD:
		refuse(conn, HTTP_STATUS_TIMEOUT, "the request's header did not come in time");
		break;
	case HTTPD_BODY:
		refuse(conn, HTTP_STATUS_TIMEOUT, "the request's body did not come in time");
		break;
	case HTTPD_HANDSHAKE:
		ls_debug("tls.slow", "error=\"the handshake took too long\"");
		httpd_connection_kill(conn);
		break;
	case HTTPD_IDLE:
	case HTTPD_WORK:
	case HTTPD_SEND:
	case HTTPD_LINGER:
	case HTTPD_DEAD:
		httpd_connection_kill(conn);
		break;
	}
	conn->driven = false;
	httpd_budget_count(conn);
	httpd_connection_wait(conn);
}

void httpd_serve(const struct httpd_listener *listener, int fd, const struct ls_endpoint *peer)
{
	(void)httpd_connection_new(listener, fd, peer, on_ready, on_expired);
}
