/* SPDX-License-Identifier: Apache-2.0 */
#include "server/http/connection.h"

#include <assert.h>
#include <event2/buffer.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "crypto/keys.h"
#include "server/http/budget.h"
#include "server/http/rank.h"
#include "server/http/tenant.h"
#include "server/http/tls.h"

static const char *const state_names[] = {
        [HTTPD_HANDSHAKE] = "handshake", [HTTPD_IDLE] = "idle", [HTTPD_HEAD] = "head",
        [HTTPD_BODY] = "body",           [HTTPD_WORK] = "work", [HTTPD_SEND] = "send",
        [HTTPD_LINGER] = "linger",       [HTTPD_DEAD] = "dead",
};
_Static_assert(sizeof(state_names) / sizeof(state_names[0]) == HTTPD_DEAD + 1, "names");

static bool is_in_flight(enum httpd_state state)
{
	return state == HTTPD_WORK || state == HTTPD_SEND;
}

void httpd_connection_set_state(struct httpd_connection *conn, enum httpd_state state)
{
	struct httpd *httpd = conn->listener->httpd;

	assert(conn->state != HTTPD_DEAD);
	ls_debug("http.state", "fd=%d from=%s to=%s", conn->stream.fd, state_names[conn->state],
	         state_names[state]);
	if (is_in_flight(conn->state) && !is_in_flight(state))
		httpd->in_flight--;
	else if (!is_in_flight(conn->state) && is_in_flight(state))
		httpd->in_flight++;
	conn->state = state;
	httpd_rank_set(conn);
}

/* --- the deadline --- */

/* A later deadline does not change the timer: it fires too early and is then set again. So moving
 * the deadline, which each request does, is cheap. */
static void arm(struct httpd_connection *conn, uint64_t now)
{
	uint64_t us = (conn->deadline_ns - now) / 1000 + 1;
	const struct timeval wait = {.tv_sec = (time_t)(us / 1000000),
	                             .tv_usec = (suseconds_t)(us % 1000000)};

	conn->timer_ns = conn->deadline_ns;
	(void)event_add(&conn->timer, &wait);
}

void httpd_connection_set_deadline(struct httpd_connection *conn, unsigned ms)
{
	uint64_t now = ls_now_ns();

	conn->moved = 0;
	conn->granted_ns = conn->deadline_ns = ms == 0 ? 0 : now + ms * LS_NS_PER_MS;
	if (ms > 0 && (conn->timer_ns == 0 || conn->deadline_ns < conn->timer_ns))
		arm(conn, now);
}

void httpd_connection_earn(struct httpd_connection *conn, size_t bytes)
{
	const struct httpd_limits *limits = &conn->listener->httpd->limits;

	conn->moved += bytes;
	conn->deadline_ns = conn->granted_ns + conn->moved / limits->bytes_per_ms * LS_NS_PER_MS;
}

bool httpd_connection_has_expired(struct httpd_connection *conn)
{
	uint64_t now = ls_now_ns();

	conn->timer_ns = 0;
	if (conn->deadline_ns == 0)
		return false;
	if (now >= conn->deadline_ns)
		return true;
	arm(conn, now);
	return false;
}

/* --- beginning and end --- */

/* Without TCP_NODELAY, the last piece of an answer would wait for the client's ACK of the pieces
 * before. Without TCP_NOTSENT_LOWAT, the kernel would keep megabytes for a client that does not
 * read. */
static void set_options(int fd)
{
	const int on = 1, unsent = HTTP_UNSENT_MAX;

	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &unsent, sizeof(unsent));
}

struct httpd_connection *httpd_connection_new(const struct httpd_listener *listener, int fd,
                                              const struct ls_endpoint *peer,
                                              httpd_stream_ready ready, event_callback_fn expired)
{
	struct httpd *httpd = listener->httpd;
	SSL *session = listener->tls ? httpd_tls_session(listener->tls) : NULL;
	struct httpd_connection *conn = ls_try_array(1, sizeof(*conn));

	if (!conn || (listener->tls && !session)) {
		SSL_free(session);
		free(conn);
		(void)close(fd);
		return NULL;
	}
	*conn = (struct httpd_connection){.listener = listener, .peer = peer->ip};
	if (!httpd_stream_init(&conn->stream, fd, session)) {
		free(conn);
		return NULL;
	}
	set_options(fd);
	conn->proxied = httpd_source_is_trusted(&httpd->proxies, &peer->ip);
	conn->state = session ? HTTPD_HANDSHAKE : HTTPD_IDLE;
	ls_list_append(&httpd->connections, &conn->link);
	httpd->connection_count++;
	httpd->stranger_count += !conn->proxied;
	ls_list_init(&conn->ranked);
	httpd_rank_set(conn);
	(void)event_assign(&conn->timer, httpd->base, -1, 0, expired, conn);
	httpd_stream_attach(&conn->stream, httpd->base, ready, conn);
	httpd_connection_set_deadline(conn,
	                              session ? httpd->limits.handshake_ms : httpd->limits.idle_ms);
	httpd_connection_wait(conn);
	return conn;
}

void httpd_connection_wait(struct httpd_connection *conn)
{
	bool ahead = !conn->ended && conn->in.len < HTTP_AHEAD_MAX;

	switch (conn->state) {
	case HTTPD_HANDSHAKE:
	case HTTPD_IDLE:
	case HTTPD_HEAD:
	case HTTPD_BODY:
	case HTTPD_LINGER:
		httpd_stream_wait(&conn->stream, EV_READ);
		break;
	case HTTPD_WORK:
		/* Reading shows when the client closes the connection. */
		httpd_stream_wait(&conn->stream, ahead ? EV_READ : 0);
		break;
	case HTTPD_SEND:
		httpd_stream_wait(&conn->stream, EV_WRITE);
		break;
	case HTTPD_DEAD:
		break;
	}
}

static void wipe(struct ls_buf *buf)
{
	if (buf->data)
		key_wipe(buf->data, buf->cap);
	ls_buf_done(buf);
}

void httpd_connection_end_request(struct httpd_connection *conn)
{
	struct http_body *body = conn->request.body;

	httpd_tenant_leave(&conn->request);
	if (body) {
		wipe(&body->content);
		http_body_done(body);
		free(body);
	}
	conn->request = (struct httpd_request){0};
	if (conn->proxied)
		conn->known = false;
}

void httpd_connection_vouch(struct httpd_connection *conn)
{
	if (conn->known)
		return;
	conn->known = true;
	if (!conn->proxied)
		conn->listener->httpd->stranger_count--;
	httpd_rank_set(conn);
	httpd_budget_count(conn);
}

void httpd_connection_kill(struct httpd_connection *conn)
{
	const struct httpd_listener *listener = conn->listener;
	struct httpd *httpd = listener->httpd;

	if (conn->state == HTTPD_DEAD)
		return;
	httpd_connection_set_state(conn, HTTPD_DEAD);
	(void)event_del(&conn->timer);
	httpd_stream_done(&conn->stream);
	ls_list_remove(&conn->link);
	ls_list_append(&httpd->dead, &conn->link);
	event_active(httpd->reap, EV_TIMEOUT, 0);
	httpd->connection_count--;
	httpd->stranger_count -= !conn->proxied && !conn->known;
	httpd_budget_count(conn);
	httpd_tenant_leave(&conn->request);
	if (!conn->request.told)
		return;
	conn->request.told = false;
	listener->handler->gone(listener->context, &conn->request);
}

void httpd_connection_release(struct httpd_connection *conn)
{
	assert(conn->state == HTTPD_DEAD && !conn->driven);
	httpd_connection_end_request(conn);
	wipe(&conn->in);
	if (conn->out)
		evbuffer_free(conn->out);
	conn->out = NULL;
}

void httpd_connection_reap(struct httpd *httpd)
{
	LS_LIST_EACH_SAFE (it, tmp, &httpd->dead) {
		struct httpd_connection *conn = LS_CONTAINER(it, struct httpd_connection, link);

		ls_list_remove(&conn->link);
		httpd_connection_release(conn);
		free(conn);
	}
}
