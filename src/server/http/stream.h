/* SPDX-License-Identifier: Apache-2.0 */
/* Reads and writes the bytes of one connection, plain or over TLS, without blocking. One thread at
 * a time owns a stream. It is attached to the loop of this thread, which then calls back when the
 * stream is ready. A detached stream may be given to another thread and attached there. */
#ifndef LS_SERVER_HTTP_STREAM_H
#define LS_SERVER_HTTP_STREAM_H

#include <event2/event.h>
#include <event2/event_struct.h>
#include <openssl/ssl.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* `what` is what may work now: EV_READ, EV_WRITE or both. */
typedef void (*httpd_stream_ready)(void *arg, short what);

/* Only stream.c uses the fields. An attached stream must not be moved in memory. */
struct httpd_stream {
	int fd;
	SSL *ssl; /* NULL: plain */
	httpd_stream_ready ready;
	void *arg;
	struct event event;
	short waits; /* what the event waits for: EV_READ, EV_WRITE, both or 0 */
	bool attached;
	bool woken;         /* httpd_stream_wake() has made the event active */
	bool read_blocked;  /* TLS: the next read needs a writable socket */
	bool write_blocked; /* TLS: the next write needs a readable socket */
};

/* Owns `fd`, non-blocking, and `ssl`, a server's session without a socket, from here on. NULL:
 * plain. False when out of memory; then both are closed. */
bool httpd_stream_init(struct httpd_stream *stream, int fd, SSL *ssl);
/* Detaches the stream and closes the connection. */
void httpd_stream_done(struct httpd_stream *stream);

/* From now on, the loop calls `ready` for what httpd_stream_wait() has asked for; at first nothing.
 */
void httpd_stream_attach(struct httpd_stream *stream, struct event_base *base,
                         httpd_stream_ready ready, void *arg);
void httpd_stream_detach(struct httpd_stream *stream);
/* Waits for EV_READ, EV_WRITE, both or none (0), until the next call. No event comes for bytes that
 * OpenSSL has already read from the socket: before you wait for EV_READ, read until -EAGAIN, or
 * with a buffer of at least 16 KiB. */
void httpd_stream_wait(struct httpd_stream *stream, short what);
/* Makes the loop call `ready` soon with EV_READ | EV_WRITE, whatever the stream waits for. */
void httpd_stream_wake(struct httpd_stream *stream);

/* 0: done; -EAGAIN: wait for EV_READ; -EPROTO: the handshake failed, or this is not TLS; -ENOTSUP:
 * the client speaks plain HTTP; another -errno: the connection is broken. */
int httpd_stream_handshake(struct httpd_stream *stream);
/* Returns how many bytes were read; 0: the client has ended its sending half; -EAGAIN; another
 * -errno: the connection is broken. */
ssize_t httpd_stream_read(struct httpd_stream *stream, void *buf, size_t len);
/* Returns how many bytes were taken; -EAGAIN; another -errno: the connection is broken. After
 * -EAGAIN, try again with the same bytes; they may be at another address. */
ssize_t httpd_stream_write(struct httpd_stream *stream, const void *buf, size_t len);
/* Ends the sending half and tells the client. Afterwards only httpd_stream_discard() may be used.
 */
void httpd_stream_end_writing(struct httpd_stream *stream);
/* Reads from the socket, without TLS, and drops the bytes. False when the connection has ended. */
bool httpd_stream_discard(struct httpd_stream *stream);

#endif
