/* SPDX-License-Identifier: Apache-2.0 */
/* Inside of the client: evhttp connections and the few that are kept open for the next request. */
#ifndef LS_CONTROL_CONNECTION_H
#define LS_CONTROL_CONNECTION_H

#include "base/list.h"
#include "control/url.h"
#include "wire/ip.h"

struct evhttp_connection;
struct event_base;

enum {
	CONNECTIONS_IDLE_MAX = 4,
};

struct connection {
	struct ls_list node;
	struct evhttp_connection *evcon;
	char url[CONTROL_URL_TEXT]; /* whose server it goes to */
};

struct connection_pool {
	struct event_base *base;
	struct ls_list idle;
	size_t idle_count;
};

void connection_pool_init(struct connection_pool *pool, struct event_base *base);
void connection_pool_done(struct connection_pool *pool);

/* Not yet connected: evhttp does that with the first request. */
int connection_new(struct connection_pool *pool, const struct control_url *url,
                   const struct ls_ip *ip, struct connection **ret,
                   struct ls_fail *fail) LS_MUST_CHECK;
/* Not from inside evhttp's callbacks. NULL is fine. */
void connection_free(struct connection *conn);
/* The socket, or -1. */
int connection_fd(const struct connection *conn);

/* An open connection to that server, now the caller's; NULL when there is none. */
struct connection *connection_pool_take(struct connection_pool *pool,
                                        const struct control_url *url);
/* Takes it over: kept when it is open and there is room, else freed. */
void connection_pool_keep(struct connection_pool *pool, struct connection *conn);

#endif
