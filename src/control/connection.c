/* SPDX-License-Identifier: Apache-2.0 */
#include "control/connection.h"

#include <errno.h>
#include <event2/bufferevent.h>
#include <event2/http.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "control/client.h"
#include "control/transport.h"

enum {
	HEADERS_MAX = 16 << 10,
};

void connection_pool_init(struct connection_pool *pool, struct event_base *base)
{
	*pool = (struct connection_pool){.base = base};
	ls_list_init(&pool->idle);
}

void connection_pool_done(struct connection_pool *pool)
{
	LS_LIST_EACH_SAFE(it, tmp, &pool->idle)
	{
		connection_free(LS_CONTAINER(it, struct connection, node));
	}
	pool->idle_count = 0;
}

int connection_new(struct connection_pool *pool, const struct control_url *url,
                   const struct ls_ip *ip, struct connection **ret, struct ls_fail *fail)
{
	struct bufferevent *bev;
	struct evhttp_connection *evcon;
	struct connection *conn;
	char text[LS_IP_TEXT];
	int r = transport_new(pool->base, url, &bev, fail);

	if (r < 0)
		return r;
	evcon = evhttp_connection_base_bufferevent_new(pool->base, NULL, bev,
	                                               ls_ip_format(ip, text), url->port);
	if (!evcon) {
		bufferevent_free(bev);
		return ls_fail_set(fail, -ENOMEM, "%s: out of memory", url->text);
	}
	evhttp_connection_set_max_body_size(evcon, CONTROL_ANSWER_MAX);
	evhttp_connection_set_max_headers_size(evcon, HEADERS_MAX);
	conn = ls_new(struct connection);
	ls_list_init(&conn->node);
	conn->evcon = evcon;
	memcpy(conn->url, url->text, sizeof(conn->url));
	*ret = conn;
	return 0;
}

void connection_free(struct connection *conn)
{
	if (!conn)
		return;
	ls_list_remove(&conn->node);
	evhttp_connection_free(conn->evcon);
	free(conn);
}

int connection_fd(const struct connection *conn)
{
	return (int)bufferevent_getfd(evhttp_connection_get_bufferevent(conn->evcon));
}

struct connection *connection_pool_take(struct connection_pool *pool, const struct control_url *url)
{
	LS_LIST_EACH_SAFE(it, tmp, &pool->idle)
	{
		struct connection *conn = LS_CONTAINER(it, struct connection, node);
		bool open = connection_fd(conn) >= 0;
		bool match = open && ls_streq(conn->url, url->text);

		if (open && !match)
			continue;
		pool->idle_count--;
		ls_list_remove(&conn->node);
		if (match)
			return conn;
		connection_free(conn);
	}
	return NULL;
}

void connection_pool_keep(struct connection_pool *pool, struct connection *conn)
{
	if (connection_fd(conn) < 0 || pool->idle_count == CONNECTIONS_IDLE_MAX) {
		connection_free(conn);
		return;
	}
	pool->idle_count++;
	ls_list_append(&pool->idle, &conn->node);
}
