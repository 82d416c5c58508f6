/* SPDX-License-Identifier: Apache-2.0 */
/* Inside of http/: the front, its listeners and its connections. All of it belongs to the thread of
 * the front's loop, but for the list of detached connections. */
#ifndef LS_SERVER_HTTP_FRONT_H
#define LS_SERVER_HTTP_FRONT_H

#include <event2/event.h>
#include <event2/event_struct.h>
#include <event2/listener.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/list.h"
#include "http/body.h"
#include "server/http/bounds.h"
#include "server/http/counts.h"
#include "server/http/handler.h"
#include "server/http/source.h"
#include "server/http/stream.h"

struct httpd_tls;

enum {
	HTTPD_IN_MAX = 32 << 10,  /* bytes read at once */
	HTTPD_OUT_MAX = 16 << 10, /* bytes written at once: the most that one TLS record has */
};

/* What overload.c knows. */
struct httpd_overload {
	int spare_fd;        /* kept for the one connection too many; -1: it is lost */
	uint64_t looked_ns;  /* when all connections were looked at last */
	struct ls_ip asking; /* who was found then, and asked itself; else LS_FAMILY_NONE */
};

struct httpd {
	struct event_base *base;
	struct httpd_limits limits;
	struct source_trust proxies; /* borrowed */
	struct ls_list listeners;
	struct ls_list connections; /* struct httpd_connection.link */
	struct ls_list dead;        /* ended, and freed when no frame is on the stack */
	struct event *reap;         /* frees them */
	pthread_mutex_t lock;       /* of `detached`, which other threads take out of it */
	struct ls_list detached;    /* struct httpd_detached.link */
	struct httpd_overload overload;
	struct httpd_counts counts;
	size_t in_flight;   /* requests whose answer is not out yet */
	struct event *stop; /* while stopping */
	uint64_t stop_deadline_ns;
	bool stopping;
	void (*stopped)(void *arg);
	void *stopped_arg;
	struct ls_buf head; /* of the answer that is being written */
	char in[HTTPD_IN_MAX];
	char out[HTTPD_OUT_MAX];
};

struct httpd_listener {
	struct ls_list link; /* in httpd->listeners */
	struct httpd *httpd;
	struct evconnlistener *listener;
	struct httpd_tls *tls; /* NULL: plain; borrowed */
	const struct httpd_handler *handler;
	void *context; /* the handler's */
};

/* Moves in httpd_connection_set_state() only. */
enum httpd_state {
	HTTPD_HANDSHAKE, /* of TLS */
	HTTPD_IDLE,      /* nothing of a request has come */
	HTTPD_HEAD,      /* part of a head has come */
	HTTPD_BODY,      /* the handler has asked for the body, which is being read */
	HTTPD_WORK,      /* the handler has the request, and its answer is awaited */
	HTTPD_SEND,      /* the answer is on its way out */
	HTTPD_LINGER,    /* the last answer is out; the client is to close */
	HTTPD_DEAD,      /* closed; nothing but the memory is left */
};

struct httpd_request {
	void *user;
	bool told;       /* the handler knows of it, and has not answered */
	bool is_head;    /* method HEAD */
	bool has_body;   /* after its head something comes that is not the next request */
	bool keep_alive; /* as the client wants it */
	bool wants_continue;
	unsigned minor;
	uint64_t length;        /* of the body; 0: none, or in chunks */
	struct http_body *body; /* NULL: not asked for */
	size_t body_max;
	const char *behind; /* in head(): what was read behind the head */
	size_t behind_len;
};

struct httpd_connection {
	struct ls_list link; /* in httpd->connections, or httpd->dead */
	const struct httpd_listener *listener;
	struct httpd_stream stream;
	enum httpd_state state;
	struct ls_ip peer;
	struct ls_ip source;  /* whom it counts for; LS_FAMILY_NONE: a proxy */
	uint64_t heard_ns;    /* when the last byte came */
	uint64_t deadline_ns; /* of the state; 0: none */
	uint64_t timer_ns;    /* when the timer fires, which may be too early; 0: it is off */
	struct event timer;
	struct ls_buf in; /* read, but not looked at yet */
	size_t seen;      /* bytes of it that hold no end of a head */
	bool ended;       /* the client sends nothing more */
	bool driven;      /* serve.c is at it, and looks at what comes next itself */
	struct httpd_request request;
	struct evbuffer *out; /* of the answer, what is not out yet; NULL: nothing */
};

struct httpd_detached {
	struct ls_list link; /* in httpd->detached */
	struct httpd *httpd;
	struct ls_ip source;
	struct httpd_stream stream;
	struct ls_buf ahead;
};

#endif
