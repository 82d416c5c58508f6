/* SPDX-License-Identifier: Apache-2.0 */
/* Only for http/: the front, its listeners and its connections. The thread of the front's loop owns
 * all of it, except the list of detached connections. */
#ifndef LS_SERVER_HTTP_FRONT_H
#define LS_SERVER_HTTP_FRONT_H

#include <event2/event.h>
#include <event2/event_struct.h>
#include <event2/listener.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/list.h"
#include "http/body.h"
#include "server/http/bounds.h"
#include "server/http/counts.h"
#include "server/http/handler.h"
#include "server/http/source.h"
#include "server/http/stream.h"

struct httpd_tenant;
struct httpd_tls;

enum {
	HTTPD_IN_MAX = 32 << 10,  /* bytes read at once */
	HTTPD_OUT_MAX = 16 << 10, /* bytes written at once: the maximum of one TLS record */
};

/* Ranks of connections (rank.h). */
enum httpd_rank {
	HTTPD_RANK_STRANGER,   /* no credential, and no request under way */
	HTTPD_RANK_UNFINISHED, /* no credential; a request is being read, or an answer sent */
	HTTPD_RANK_LARGE,      /* likewise, and it holds more memory than HTTP_LARGE */
	HTTPD_RANK_IDLE,       /* with a credential, between two requests */
	HTTPD_RANK_BUSY,       /* with a credential; a request is being read, or an answer sent */
	HTTPD_RANKS,
	HTTPD_UNRANKED, /* does not leave: the handler is at work, or a proxy's that is idle */
};

/* The state of budget.c, in bytes. */
struct httpd_budget {
	size_t max;
	size_t used;
	size_t strangers;   /* of that, by connections without a credential */
	size_t peak;        /* since the heap was last given back */
	struct event *trim; /* gives the heap back */
};

struct httpd {
	struct event_base *base;
	struct httpd_limits limits;
	struct source_trust proxies; /* borrowed */
	struct ls_list listeners;
	struct ls_list connections; /* struct httpd_connection.link */
	struct ls_list dead;        /* closed; freed from the loop, when nobody uses them */
	struct event *reap;         /* frees the dead ones */
	pthread_mutex_t lock;       /* protects `detached`, which other threads remove from */
	struct ls_list detached;    /* struct httpd_detached.link */
	struct ls_list ranks[HTTPD_RANKS]; /* struct httpd_connection.ranked */
	size_t connection_count;           /* of `connections` */
	size_t stranger_count;             /* of those, without a credential and not of a proxy */
	atomic_size_t detached_count;
	struct httpd_budget budget;
	int spare_fd; /* reserved to accept one more connection; -1: it was lost */
	struct httpd_counts counts;
	size_t in_flight;   /* requests without a completely sent answer */
	struct event *stop; /* while stopping: checks if all answers are out */
	uint64_t stop_deadline_ns;
	bool stopping;
	void (*stopped)(void *arg);
	void *stopped_arg;
	struct ls_buf head; /* the head of the answer that is being written */
	char in[HTTPD_IN_MAX];
	char out[HTTPD_OUT_MAX];
};

struct httpd_listener {
	struct ls_list link; /* in httpd->listeners */
	struct httpd *httpd;
	struct evconnlistener *listener;
	struct httpd_tls *tls; /* NULL: plain; borrowed */
	const struct httpd_handler *handler;
	void *context; /* for the handler */
};

/* Only httpd_connection_set_state() changes it. */
enum httpd_state {
	HTTPD_HANDSHAKE, /* TLS handshake */
	HTTPD_IDLE,      /* no byte of a request has come */
	HTTPD_HEAD,      /* part of a head has come */
	HTTPD_BODY,      /* the handler has asked for the body, which is being read */
	HTTPD_WORK,      /* the handler has the request and must answer */
	HTTPD_SEND,      /* the answer is being sent */
	HTTPD_LINGER,    /* the last answer is out; the client should close */
	HTTPD_DEAD,      /* closed; only the memory is left */
};

struct httpd_request {
	void *user;
	bool told;       /* the handler knows the request and has not answered */
	bool is_head;    /* method HEAD */
	bool has_body;   /* a body follows the head */
	bool keep_alive; /* the client wants it */
	bool wants_continue;
	unsigned minor;              /* HTTP/1.minor */
	uint64_t length;             /* bytes of the body; 0: there is none, or it is chunked */
	struct httpd_tenant *tenant; /* NULL: none */
	struct ls_list in_tenant;
	struct http_body *body; /* NULL: the handler has not asked for it */
	size_t body_max;
	const char *behind; /* during head(): the bytes that were read behind the head */
	size_t behind_len;
};

struct httpd_connection {
	struct ls_list link; /* in httpd->connections, or httpd->dead */
	const struct httpd_listener *listener;
	struct httpd_stream stream;
	enum httpd_state state;
	struct ls_ip peer;
	bool proxied; /* the peer is a trusted proxy */
	bool known;   /* a credential was accepted; of a proxy: for this request */
	struct ls_list ranked;
	uint64_t ranked_ns; /* when it got its place in the rank */
	size_t held;        /* what it has in the budget */
	size_t held_as_stranger;
	uint64_t deadline_ns; /* of the state; 0: none */
	uint64_t granted_ns;  /* the deadline without what bytes have earned since it was set */
	uint64_t moved;       /* bytes that were read or sent since then */
	uint64_t timer_ns;    /* when the timer fires, maybe before the deadline; 0: it is off */
	struct event timer;
	struct ls_buf in; /* bytes that were read but not used yet */
	size_t seen;      /* this many bytes of it contain no end of a head */
	bool ended;       /* the client sends nothing more */
	bool driven;      /* serve.c is working on it, and continues by itself */
	struct httpd_request request;
	struct evbuffer *out; /* the part of the answer that is not sent yet; NULL: nothing */
	size_t out_own;       /* bytes of it that no other answer shares, when it was made */
};

struct httpd_detached {
	struct ls_list link; /* in httpd->detached */
	struct httpd *httpd;
	struct httpd_stream stream;
	struct ls_buf ahead;
};

#endif
