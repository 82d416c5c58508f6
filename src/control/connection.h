/* SPDX-License-Identifier: Apache-2.0 */
/* Inside of the client: streams to servers, and the few that are kept open for the next request. */
#ifndef LS_CONTROL_CONNECTION_H
#define LS_CONTROL_CONNECTION_H

#include "base/list.h"
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
	char url[CONTROL_URL_TEXT]; /* whose server it goes to */
};

struct connection_pool {
	struct ls_list idle;
	size_t idle_count;
};

void control_connection_pool_init(struct connection_pool *pool);
void control_connection_pool_done(struct connection_pool *pool);

/* Takes the stream over. */
struct connection *control_connection_new(struct connection_pool *pool,
                                          const struct control_url *url,
                                          struct bufferevent *stream);
/* NULL is fine. */
void control_connection_free(struct connection *conn);

/* An open connection to that server, now the caller's; NULL when there is none. Its stream is
 * without callbacks. */
struct connection *control_connection_pool_take(struct connection_pool *pool,
                                                const struct control_url *url);
/* Takes over one that can carry another request: kept when there is room, until the other side
 * closes it; else freed. */
void control_connection_pool_keep(struct connection_pool *pool, struct connection *conn);

#endif
