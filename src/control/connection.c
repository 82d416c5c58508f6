/* SPDX-License-Identifier: Apache-2.0 */
#include "control/connection.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "control/dial.h"

void control_connection_pool_init(struct connection_pool *pool)
{
	*pool = (struct connection_pool){0};
	ls_list_init(&pool->idle);
}

void control_connection_pool_done(struct connection_pool *pool)
{
	LS_LIST_EACH_SAFE (it, tmp, &pool->idle) {
		control_connection_free(LS_CONTAINER(it, struct connection, node));
	}
	pool->idle_count = 0;
}

struct connection *control_connection_new(struct connection_pool *pool,
                                          const struct control_url *url,
                                          const struct dial_result *dialled)
{
	struct connection *conn = ls_new(struct connection);

	ls_list_init(&conn->node);
	conn->pool = pool;
	conn->stream = dialled->stream;
	conn->peer = dialled->peer;
	memcpy(conn->url, url->text, sizeof(conn->url));
	return conn;
}

void control_connection_free(struct connection *conn)
{
	if (!conn)
		return;
	ls_list_remove(&conn->node);
	control_dial_close(conn->stream);
	free(conn);
}

static void leave_pool(struct connection *conn)
{
	ls_list_remove(&conn->node);
	conn->pool->idle_count--;
	bufferevent_setcb(conn->stream, NULL, NULL, NULL, NULL);
}

/* A server must not send anything while no request is running: close the connection. */
static void on_idle_read(struct bufferevent *stream, void *arg)
{
	struct connection *conn = arg;

	(void)stream;
	leave_pool(conn);
	control_connection_free(conn);
}

static void on_idle_event(struct bufferevent *stream, short what, void *arg)
{
	(void)what;
	on_idle_read(stream, arg);
}

struct connection *control_connection_pool_take(struct connection_pool *pool,
                                                const struct control_url *url)
{
	LS_LIST_EACH (it, &pool->idle) {
		struct connection *conn = LS_CONTAINER(it, struct connection, node);

		if (ls_streq(conn->url, url->text)) {
			leave_pool(conn);
			return conn;
		}
	}
	return NULL;
}

void control_connection_pool_keep(struct connection_pool *pool, struct connection *conn)
{
	if (pool->idle_count == CONNECTIONS_IDLE_MAX ||
	    evbuffer_get_length(bufferevent_get_input(conn->stream)) > 0) {
		control_connection_free(conn);
		return;
	}
	pool->idle_count++;
	ls_list_append(&pool->idle, &conn->node);
	bufferevent_setcb(conn->stream, on_idle_read, NULL, on_idle_event, conn);
}
