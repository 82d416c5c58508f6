/* SPDX-License-Identifier: Apache-2.0 */
/* Internal to the client: streams to servers, and a few that stay open for the next request. */
#ifndef LS_CONTROL_CONNECTION_H
#define LS_CONTROL_CONNECTION_H

#include "base/list.h"
#include "control/dial.h"
#include "control/url.h"

struct bufferevent;
struct connection_pool;

enum {
	CONNECTIONS_IDLE_MAX = 4,
};

struct connection {
	struct ls_list node;
	struct connection_pool *pool;
	struct bufferevent *stream;
	char url[CONTROL_URL_TEXT]; /* of its server */
	struct ls_ip peer;          /* where it is connected to: the server, or a proxy */
};

struct connection_pool {
	struct ls_list idle;
	size_t idle_count;
};

void control_connection_pool_init(struct connection_pool *pool);
void control_connection_pool_done(struct connection_pool *pool);

/* Takes over the stream of a dial that has connected. */
struct connection *control_connection_new(struct connection_pool *pool,
                                          const struct control_url *url,
                                          const struct dial_result *dialled);
/* NULL is fine. */
void control_connection_free(struct connection *conn);

/* Takes an idle connection to that server out of the pool; its stream has no callbacks. NULL when
 * there is none. */
struct connection *control_connection_pool_take(struct connection_pool *pool,
                                                const struct control_url *url);
/* Takes over a connection that can carry another request. Keeps it until the other side closes it;
 * frees it when the pool is full. */
void control_connection_pool_keep(struct connection_pool *pool, struct connection *conn);

#endif
