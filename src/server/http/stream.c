/* SPDX-License-Identifier: Apache-2.0 */
#include "server/http/stream.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <openssl/err.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	DISCARD_ROUNDS = 16, /* reads per call, so that other connections get their turn */
};

bool httpd_stream_init(struct httpd_stream *stream, int fd, SSL *ssl)
{
	*stream = (struct httpd_stream){.fd = fd, .ssl = ssl};
	if (!ssl || SSL_set_fd(ssl, fd) == 1)
		return true;
	httpd_stream_done(stream);
	return false;
}

/* RFC 8446 6.1: tells the client that nothing more comes, if the socket takes it now. */
static void close_notify(SSL *ssl)
{
	if (!ssl || !SSL_is_init_finished(ssl) || SSL_get_shutdown(ssl) & SSL_SENT_SHUTDOWN)
		return;
	ERR_clear_error();
	(void)SSL_shutdown(ssl);
	ERR_clear_error();
}

void httpd_stream_done(struct httpd_stream *stream)
{
	if (stream->attached)
		httpd_stream_detach(stream);
	close_notify(stream->ssl);
	SSL_free(stream->ssl);
	stream->ssl = NULL;
	if (stream->fd >= 0)
		(void)close(stream->fd);
	stream->fd = -1;
}

/* --- the loop --- */

static void on_event(evutil_socket_t fd, short what, void *arg)
{
	struct httpd_stream *stream = arg;

	(void)fd;
	what &= EV_READ | EV_WRITE;
	/* TLS may need a readable socket to write, or a writable one to read: try both. */
	if (stream->read_blocked || stream->write_blocked)
		what = EV_READ | EV_WRITE;
	stream->read_blocked = stream->write_blocked = stream->woken = false;
	stream->ready(stream->arg, what);
}

void httpd_stream_attach(struct httpd_stream *stream, struct event_base *base,
                         httpd_stream_ready ready, void *arg)
{
	assert(!stream->attached);
	stream->ready = ready;
	stream->arg = arg;
	stream->waits = 0;
	stream->attached = true;
	(void)event_assign(&stream->event, base, stream->fd, EV_READ | EV_PERSIST, on_event,
	                   stream);
}

void httpd_stream_detach(struct httpd_stream *stream)
{
	assert(stream->attached);
	(void)event_del(&stream->event);
	stream->attached = stream->woken = false;
	stream->waits = 0;
}

void httpd_stream_wait(struct httpd_stream *stream, short what)
{
	struct event_base *base = event_get_base(&stream->event);
	short waits = what;

	assert(stream->attached);
	if (what & EV_READ && stream->read_blocked)
		waits = (short)((waits & ~EV_READ) | EV_WRITE);
	if (what & EV_WRITE && stream->write_blocked)
		waits = (short)((waits & ~EV_WRITE) | EV_READ);
	if (waits == stream->waits)
		return;
	(void)event_del(&stream->event);
	(void)event_assign(&stream->event, base, stream->fd, (short)(waits | EV_PERSIST), on_event,
	                   stream);
	stream->waits = waits;
	if (waits != 0)
		(void)event_add(&stream->event, NULL);
	if (stream->woken)
		event_active(&stream->event, EV_READ | EV_WRITE, 0);
}

void httpd_stream_wake(struct httpd_stream *stream)
{
	assert(stream->attached);
	stream->woken = true;
	event_active(&stream->event, EV_READ | EV_WRITE, 0);
}

/* --- the bytes --- */

/* Translates a result of OpenSSL: 0: the client has ended its sending half; -EAGAIN; another
 * -errno. *ret_blocked is set with -EAGAIN, when OpenSSL waits for the other direction than
 * `own_want`. */
static int explain(SSL *ssl, int result, int own_want, bool *ret_blocked)
{
	int error = SSL_get_error(ssl, result);

	*ret_blocked = false;
	if (error == SSL_ERROR_ZERO_RETURN)
		return 0;
	if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE) {
		*ret_blocked = error != own_want;
		return -EAGAIN;
	}
	return error == SSL_ERROR_SYSCALL && errno != 0 ? -errno : -EPROTO;
}

int httpd_stream_handshake(struct httpd_stream *stream)
{
	int result, r;

	ERR_clear_error();
	errno = 0;
	result = SSL_accept(stream->ssl);
	if (result == 1)
		return 0;
	r = explain(stream->ssl, result, SSL_ERROR_WANT_READ, &stream->read_blocked);
	if (r == -EPROTO && ERR_GET_REASON(ERR_peek_error()) == SSL_R_HTTP_REQUEST)
		r = -ENOTSUP;
	ERR_clear_error();
	return r == 0 ? -EPROTO : r;
}

static int at_most_int(size_t len)
{
	return len > INT_MAX ? INT_MAX : (int)len;
}

ssize_t httpd_stream_read(struct httpd_stream *stream, void *buf, size_t len)
{
	int result;

	if (!stream->ssl) {
		ssize_t n = recv(stream->fd, buf, len, 0);

		return n >= 0 ? n : errno == EINTR ? -EAGAIN : -errno;
	}
	ERR_clear_error();
	errno = 0;
	result = SSL_read(stream->ssl, buf, at_most_int(len));
	if (result > 0)
		return result;
	result = explain(stream->ssl, result, SSL_ERROR_WANT_READ, &stream->read_blocked);
	ERR_clear_error();
	return result;
}

ssize_t httpd_stream_write(struct httpd_stream *stream, const void *buf, size_t len)
{
	int result;

	if (!stream->ssl) {
		ssize_t n = send(stream->fd, buf, len, MSG_NOSIGNAL);

		return n >= 0 ? n : errno == EINTR ? -EAGAIN : -errno;
	}
	ERR_clear_error();
	errno = 0;
	result = SSL_write(stream->ssl, buf, at_most_int(len));
	if (result > 0)
		return result;
	result = explain(stream->ssl, result, SSL_ERROR_WANT_WRITE, &stream->write_blocked);
	ERR_clear_error();
	return result == 0 ? -EPIPE : result;
}

void httpd_stream_end_writing(struct httpd_stream *stream)
{
	close_notify(stream->ssl);
	(void)shutdown(stream->fd, SHUT_WR);
}

bool httpd_stream_discard(struct httpd_stream *stream)
{
	char unread[16 << 10];

	for (int i = 0; i < DISCARD_ROUNDS; i++) {
		ssize_t n = recv(stream->fd, unread, sizeof(unread), 0);

		if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
			return false;
		if (n < (ssize_t)sizeof(unread))
			return true;
	}
	return true;
}
