/* SPDX-License-Identifier: Apache-2.0 */
/* Internal to the client: one request from its start to its answer. */
#ifndef LS_CONTROL_EXCHANGE_H
#define LS_CONTROL_EXCHANGE_H

#include "base/list.h"
#include "control/connection.h"
#include "control/dial.h"
#include "control/request.h"
#include "http/answer.h"

struct event;

/* What the exchanges of one client share. */
struct control_client {
	struct event_base *base;
	struct known_hosts *known; /* NULL: none */
	struct dialer *dialer;
	bool refuses_http; /* there is a pin, and http:// has no certificate */
	struct connection_pool pool;
	struct ls_list exchanges;
};

/* State of an exchange. Only exchange.c changes it. */
enum exchange_state {
	EXCHANGE_STARTING, /* nothing done yet; the step event is pending */
	EXCHANGE_DIALLING, /* dial is set; no byte of the request has been sent */
	EXCHANGE_WAITING,  /* conn is set; the request is sent, waits for the answer */
	EXCHANGE_ENDED,    /* answered, or a problem is set; the step event is pending */
};

struct control_exchange {
	struct ls_list node; /* in client->exchanges */
	struct control_client *client;
	enum exchange_state state;
	struct control_url url;
	enum proto_method method;
	enum proto_answer kind;
	char *path;          /* with the URL's base */
	char *what;          /* "POST http://a:1/v1/heartbeat", for failures */
	char *body;          /* encoded; NULL for none */
	char *authorization; /* NULL for none */
	unsigned timeout_ms;
	bool once;
	control_done_fn done;
	void *arg;

	struct event *step;     /* runs the next step outside of the stream's callbacks */
	struct event *deadline; /* for the whole exchange */
	struct proxy *proxy;    /* NULL: none */
	struct dial *dial;
	struct connection *conn;
	bool reused; /* conn came from the pool */
	struct http_reader reader;

	struct control_answer answer;
	struct ls_fail problem; /* why the last attempt failed, without `what` */
};

/* Event callbacks of the two events; their argument is the exchange. */
void control_exchange_on_step(int fd, short what, void *arg);
void control_exchange_on_deadline(int fd, short what, void *arg);
void control_exchange_free(struct control_exchange *ex);

#endif
