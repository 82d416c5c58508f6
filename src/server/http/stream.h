/* SPDX-License-Identifier: Apache-2.0 */
/* One connection's bytes, plain or over TLS, without blocking. A stream belongs to one thread at a
 * time. It is attached to that thread's loop to be told when it can go on; detached from it, it may
 * be given to another thread and attached there. */
#ifndef LS_SERVER_HTTP_STREAM_H
#define LS_SERVER_HTTP_STREAM_H

#include <event2/event.h>
#include <event2/event_struct.h>
#include <openssl/ssl.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* EV_READ, EV_WRITE or both: what is worth another try. */
typedef void (*httpd_stream_ready)(void *arg, short what);

/* Its fields are stream.c's own. It must stay where it is while it is attached. */
struct httpd_stream {
	int fd;
	SSL *ssl; /* NULL: plain */
	httpd_stream_ready ready;
	void *arg;
	struct event event;
	short waits; /* what the event waits for now: EV_READ, EV_WRITE */
	bool attached;
	bool woken;         /* the event was made active by httpd_stream_wake() */
	bool read_blocked;  /* TLS: reading cannot go on before the socket can be written to */
	bool write_blocked; /* TLS: the other way round */
};

/* Takes over `fd`, non-blocking, and `ssl`, a server's session without a socket; NULL: plain. False
 * when memory is gone, and then both are closed. */
bool httpd_stream_init(struct httpd_stream *stream, int fd, SSL *ssl);
/* Detaches it and closes the connection. */
void httpd_stream_done(struct httpd_stream *stream);

/* Calls `ready` from that loop as httpd_stream_wait() says; nothing is waited for yet. */
void httpd_stream_attach(struct httpd_stream *stream, struct event_base *base,
                         httpd_stream_ready ready, void *arg);
void httpd_stream_detach(struct httpd_stream *stream);
/* Until it is called again: EV_READ, EV_WRITE, both or 0. What OpenSSL has read ahead tells nobody:
 * read until -EAGAIN, or with room for 16 KiB, before waiting for more. */
void httpd_stream_wait(struct httpd_stream *stream, short what);
/* Has `ready` called soon, with both, whatever is waited for. */
void httpd_stream_wake(struct httpd_stream *stream);

/* 0: it is done; -EAGAIN: wait for EV_READ; -EPROTO: it is no TLS; -ENOTSUP: it is plain HTTP. */
int httpd_stream_handshake(struct httpd_stream *stream);
/* How many bytes; 0: the other side has ended its part; -EAGAIN; another -errno: it is broken. */
ssize_t httpd_stream_read(struct httpd_stream *stream, void *buf, size_t len);
/* How many bytes were taken; -EAGAIN; another -errno: it is broken. After -EAGAIN try again with
 * the same bytes, wherever they are now. */
ssize_t httpd_stream_write(struct httpd_stream *stream, const void *buf, size_t len);
/* Nothing more is written: tells the other side. Reading goes on, below TLS. */
void httpd_stream_end_writing(struct httpd_stream *stream);
/* Reads what comes below TLS and forgets it. False at the end. */
bool httpd_stream_discard(struct httpd_stream *stream);

#endif
