/* SPDX-License-Identifier: Apache-2.0 */
/* Inside of the client: one request and what it goes through. */
#ifndef LS_CONTROL_EXCHANGE_H
#define LS_CONTROL_EXCHANGE_H

#include <event2/bufferevent.h>

#include "base/list.h"
#include "control/client.h"
#include "control/connection.h"
#include "control/resolve.h"

struct event;

struct control_client {
	struct event_base *base;
	struct control_trust trust;
	struct resolver *resolver;
	struct connection_pool pool;
	struct ls_list exchanges;
};

/* Where an exchange stands. Moves on in exchange.c only. */
enum exchange_state {
	EXCHANGE_STARTING,   /* nothing done yet; the step event is pending */
	EXCHANGE_RESOLVING,  /* lookup may be set; watch is pending */
	EXCHANGE_CONNECTING, /* conn is set and new; watch is pending */
	EXCHANGE_WAITING,    /* connected: the request is out, the answer is awaited */
	EXCHANGE_CLOSED,     /* conn's request has ended: answered, or a problem is set */
};

struct control_exchange {
	struct ls_list node; /* in client->exchanges */
	struct control_client *client;
	enum exchange_state state;
	struct control_url url;
	enum control_method method;
	char *path;          /* with the URL's base */
	char *what;          /* "POST http://a:1/v1/heartbeat", for failures */
	char *body;          /* encoded; NULL for none */
	char *authorization; /* NULL for none */
	unsigned timeout_ms;
	bool once;
	control_done_fn done;
	void *arg;

	struct event *step;     /* runs what comes next outside of libevent's own frames */
	struct event *deadline; /* of the whole exchange */
	struct event *watch;    /* of finding a name and of connecting to one address */
	uint64_t connect_by_ns;
	struct lookup *lookup;
	struct ls_ip addresses[LOOKUP_ADDRESSES_MAX];
	size_t address_count;
	size_t next_address;
	struct connection *conn;
	bool reused;                       /* conn came from the pool */
	bufferevent_event_cb evhttp_event; /* evhttp's own, while ours stands before it */
	void *evhttp_arg;

	struct control_answer answer;
	bool answered;
	const char *problem; /* why the last attempt failed; static text */
	int problem_code;
};

/* Event callbacks of the three events; their argument is the exchange. */
void exchange_on_step(int fd, short what, void *arg);
void exchange_on_deadline(int fd, short what, void *arg);
void exchange_on_watch(int fd, short what, void *arg);
void exchange_free(struct control_exchange *ex);

#endif
