/* SPDX-License-Identifier: Apache-2.0 */
#include "server/http/send.h"

#include <assert.h>
#include <errno.h>
#include <event2/buffer.h>
#include <string.h>

#include "crypto/keys.h"
#include "server/http/budget.h"
#include "server/http/connection.h"
#include "server/http/evict.h"

static void finish(struct httpd_connection *conn)
{
	const struct httpd_limits *limits = &conn->listener->httpd->limits;
	bool keep_alive = conn->request.keep_alive;

	httpd_connection_end_request(conn);
	if (keep_alive) {
		httpd_connection_set_state(conn, HTTPD_IDLE);
		httpd_connection_set_deadline(conn, limits->idle_ms);
	} else if (conn->ended) {
		httpd_connection_kill(conn);
	} else {
		/* Do not close yet: unread bytes would reset the connection, and the client could
		 * lose the answer. */
		httpd_connection_set_state(conn, HTTPD_LINGER);
		httpd_connection_set_deadline(conn, limits->linger_ms);
		httpd_stream_end_writing(&conn->stream);
	}
}

/* Writes as much of conn->out as the socket takes. 0, or -errno when the connection is broken. */
static int write_out(struct httpd_connection *conn)
{
	struct httpd *httpd = conn->listener->httpd;
	size_t left;

	while ((left = evbuffer_get_length(conn->out)) > 0) {
		ssize_t n;

		if (!conn->stream.ssl) {
			n = evbuffer_write(conn->out, conn->stream.fd);
			n = n < 0 ? -errno : n;
		} else {
			/* Copy small pieces together into one TLS record. */
			size_t len = left < sizeof(httpd->out) ? left : sizeof(httpd->out);

			(void)evbuffer_copyout(conn->out, httpd->out, len);
			n = httpd_stream_write(&conn->stream, httpd->out, len);
			if (n > 0)
				(void)evbuffer_drain(conn->out, (size_t)n);
		}
		if (n == -EAGAIN || n == -EINTR)
			return 0;
		if (n <= 0)
			return n == 0 ? -EPIPE : (int)n;
		httpd_connection_earn(conn, (size_t)n);
	}
	return 0;
}

void httpd_send_more(struct httpd_connection *conn)
{
	int r = write_out(conn);

	if (r < 0) {
		httpd_connection_kill(conn);
	} else if (evbuffer_get_length(conn->out) == 0) {
		evbuffer_free(conn->out);
		conn->out = NULL;
		finish(conn);
	}
}

/* Sends a small answer, as most are, without an evbuffer of the connection. Returns how many bytes
 * the socket took, or -errno. */
static ssize_t send_small(struct httpd_connection *conn, const struct ls_buf *head,
                          struct evbuffer *body, size_t body_len)
{
	struct httpd *httpd = conn->listener->httpd;
	ssize_t n;

	memcpy(httpd->out, head->data, head->len);
	if (body_len > 0)
		(void)evbuffer_copyout(body, httpd->out + head->len, body_len);
	n = httpd_stream_write(&conn->stream, httpd->out, head->len + body_len);
	key_wipe(httpd->out, head->len + body_len);
	return n == -EAGAIN ? 0 : n;
}

/* Puts the rest of the answer, after `sent` bytes, into conn->out. False when out of memory. */
static bool keep_rest(struct httpd_connection *conn, const struct ls_buf *head,
                      struct evbuffer *body, size_t sent)
{
	size_t of_head = sent < head->len ? sent : head->len;

	conn->out = evbuffer_new();
	if (!conn->out || evbuffer_add(conn->out, head->data + of_head, head->len - of_head) != 0)
		return false;
	return !body || (evbuffer_drain(body, sent - of_head) == 0 &&
	                 evbuffer_add_buffer(conn->out, body) == 0);
}

void httpd_send(struct httpd_connection *conn, const struct ls_buf *head, struct evbuffer *body,
                size_t shared, bool keep_alive)
{
	size_t body_len = body ? evbuffer_get_length(body) : 0, len = head->len + body_len;
	ssize_t sent = 0;

	assert(shared <= body_len);
	conn->request.keep_alive = keep_alive;
	httpd_connection_set_state(conn, HTTPD_SEND);
	httpd_connection_set_deadline(conn, 0);
	if (len <= HTTPD_OUT_MAX)
		sent = send_small(conn, head, body, body_len);
	if (sent == (ssize_t)len) {
		finish(conn);
		return;
	}
	if (sent < 0 || !keep_rest(conn, head, body, (size_t)sent)) {
		httpd_connection_kill(conn);
		return;
	}
	conn->out_own = len - shared;
	httpd_budget_count(conn);
	if (!httpd_evict_for_memory(conn)) {
		httpd_connection_kill(conn);
		return;
	}
	httpd_connection_set_deadline(conn, conn->listener->httpd->limits.answer_ms);
	if (len > HTTPD_OUT_MAX)
		httpd_send_more(conn);
}

void httpd_send_continue(struct httpd_connection *conn)
{
	static const char interim[] = "HTTP/1.1 100 Continue\r\n\r\n";
	const size_t len = sizeof(interim) - 1;

	/* The socket has room for it: all earlier answers on this connection are sent. */
	if (httpd_stream_write(&conn->stream, interim, len) != (ssize_t)len)
		httpd_connection_kill(conn);
}
