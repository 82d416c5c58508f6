/* SPDX-License-Identifier: Apache-2.0 */
#include "server/api/server.h"

#include <errno.h>
#include <event2/listener.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "server/api/dispatch.h"
#include "server/api/endpoints.h"
#include "server/api/longpoll.h"
#include "server/api/metrics_page.h"
#include "server/http/listen.h"
#include "server/http/refusals.h"
#include "server/http/tls.h"

enum {
	ALL_METHODS = 0xffff, /* also those that evhttp does not know: 405 is ours to say */
	TICK_MAX_S = 60,      /* the wall clock may be set while the timer runs */
	FINISH_CHECK_MS = 10,
};

static struct timeval milliseconds(unsigned ms)
{
	return (struct timeval){.tv_sec = ms / 1000, .tv_usec = (suseconds_t)(ms % 1000) * 1000};
}

static void arm_tick(struct server *server)
{
	int64_t at = state_deadline(server->state), now;
	struct timeval wait = {0};

	if (at == server->tick_at)
		return;
	server->tick_at = at;
	if (at == STATE_NEVER) {
		(void)event_del(server->tick);
		return;
	}
	now = ls_wall_s();
	if (at > now)
		wait.tv_sec = at - now > TICK_MAX_S ? TICK_MAX_S : (time_t)(at - now);
	(void)event_add(server->tick, &wait);
}

static void on_tick(evutil_socket_t fd, short what, void *arg)
{
	struct server *server = arg;

	(void)fd;
	(void)what;
	server->tick_at = STATE_NEVER;
	state_tick(server->state, ls_wall_s());
	/* The deadline may be what it was. */
	arm_tick(server);
}

static void on_deadline_changed(void *context)
{
	arm_tick(context);
}

static int take_socket(struct server *server, const struct server_socket *it, struct ls_fail *fail)
{
	struct listen_target target = {.base = server->base, .proxies = &server->proxies};

	switch (it->use) {
	case SOCKET_HTTP:
		target.http = server->http;
		return httpd_listen_on(&target, it->fd, "http", fail);
	case SOCKET_HTTPS:
		target.http = server->https;
		return httpd_listen_on(&target, it->fd, "https", fail);
	case SOCKET_METRICS:
		target.http = server->metrics;
		return httpd_listen_on(&target, it->fd, "metrics", fail);
	}
	return -EINVAL;
}

static int take_sockets(struct server *server, struct server_sockets *sockets, struct ls_fail *fail)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < sockets->count; i++) {
		r = take_socket(server, &sockets->items[i], fail);
		sockets->items[i].fd = -1;
	}
	return r;
}

static struct bufferevent *on_plain(struct event_base *base, void *arg)
{
	struct bufferevent *connection = bufferevent_socket_new(base, -1, 0);

	(void)arg;
	return httpd_refusals_watch(connection);
}

static struct bufferevent *on_tls(struct event_base *base, void *arg)
{
	const struct server *server = arg;

	(void)base;
	return httpd_refusals_watch(httpd_tls_connection(server->tls));
}

static struct evhttp *new_http(struct server *server,
                               struct bufferevent *(*connect)(struct event_base *, void *),
                               void (*answer)(struct evhttp_request *, void *))
{
	struct evhttp *http = evhttp_new(server->base);

	if (!http)
		return NULL;
	evhttp_set_allowed_methods(http, ALL_METHODS);
	evhttp_set_max_headers_size(http, HTTP_HEADER_MAX);
	evhttp_set_max_body_size(http, HTTP_BODY_MAX_ACL);
	evhttp_set_timeout(http, HTTP_IDLE_S);
	evhttp_set_default_content_type(http, NULL);
	/* A client that sends too much reads its answer only after the last byte. */
	(void)evhttp_set_flags(http, EVHTTP_SERVER_LINGERING_CLOSE);
	evhttp_set_bevcb(http, connect, server);
	evhttp_set_gencb(http, answer, server);
	return http;
}

static int open_http(struct server *server, const struct server_config *config,
                     struct ls_fail *fail)
{
	server->http = new_http(server, on_plain, api_dispatch);
	server->metrics = new_http(server, on_plain, api_metrics_page_dispatch);
	if (!server->http || !server->metrics)
		return ls_fail_set(fail, -ENOMEM, "out of memory");
	if (!config->tls_cert)
		return 0;
	server->https = new_http(server, on_tls, api_dispatch);
	if (!server->https)
		return ls_fail_set(fail, -ENOMEM, "out of memory");
	return httpd_tls_new(server->base, config->tls_cert, config->tls_key, &server->tls, fail);
}

static int open_state(struct server *server, struct ls_fail *fail)
{
	int r = state_open(&server->watch->store, ls_wall_s(), &server->state, fail);

	if (r < 0)
		return r;
	server->watcher =
	        (struct state_watcher){.context = server, .deadline_changed = on_deadline_changed};
	state_watch(server->state, &server->watcher);
	api_longpolls_watch(server->polls);
	arm_tick(server);
	return 0;
}

/* All that may fail before the store is taken over. */
static int prepare(struct server *server, const struct server_config *config, struct ls_fail *fail)
{
	state_secret_hash(config->admin_token, &server->admin_token);
	server->control_urls = config->control_urls;
	server->proxies = config->proxies;
	server->relay =
	        config->has_relay
	                ? state_text_from_json("", proto_relay_config_encode(&config->relay))
	                : state_text_from_string("null");
	server->attempts = api_attempts_new();
	server->tick = event_new(server->base, -1, 0, on_tick, server);
	server->polls = api_longpolls_new(server);
	if (!server->relay || !server->tick || !server->polls)
		return ls_fail_set(fail, -ENOMEM, "out of memory");
	return open_http(server, config, fail);
}

static void free_connections(struct server *server)
{
	if (server->http)
		evhttp_free(server->http);
	if (server->https)
		evhttp_free(server->https);
	if (server->metrics)
		evhttp_free(server->metrics);
	httpd_tls_free(server->tls);
}

static void free_parts(struct server *server)
{
	if (server->tick)
		event_free(server->tick);
	api_longpolls_free(server->polls);
	if (server->finish)
		event_free(server->finish);
	state_text_unref(server->relay);
	api_attempts_free(server->attempts);
	free(server);
}

int api_server_new(struct event_base *base, const struct server_config *config, struct store *store,
                   struct server **ret, struct ls_fail *fail)
{
	struct server *server = ls_new(struct server);
	int r;

	api_endpoints_check();
	server->base = base;
	server->watch = store_watch_new(store);
	server->tick_at = STATE_NEVER;
	httpd_listen_set_limit(HTTP_CONNECTIONS_MAX);
	r = prepare(server, config, fail);
	if (r == 0)
		r = open_state(server, fail);
	if (r < 0) {
		store = &server->watch->store;
		free_connections(server);
		free_parts(server);
		store->ops->close(store);
		return r;
	}
	/* Last: from the line server.listening on, requests are answered. */
	r = take_sockets(server, config->sockets, fail);
	if (r < 0) {
		api_server_free(server);
		return r;
	}
	*ret = server;
	return 0;
}

void api_server_free(struct server *server)
{
	if (!server)
		return;
	/* Connections first: the polls among them point at nodes. Calls whose change is on its way
	 * stay until the state is closed; nobody waits for their answers any more. */
	free_connections(server);
	api_longpolls_free(server->polls);
	server->polls = NULL;
	state_unwatch(&server->watcher);
	state_close(server->state, ls_wall_s());
	free_parts(server);
}

static void on_finish(evutil_socket_t fd, short what, void *arg)
{
	struct server *server = arg;
	const struct timeval again = milliseconds(FINISH_CHECK_MS);

	(void)fd;
	(void)what;
	if (server->in_flight == 0 || ls_now_ns() >= server->stop_deadline_ns) {
		(void)event_base_loopbreak(server->base);
		return;
	}
	(void)event_add(server->finish, &again);
}

static void close_listener(struct evhttp_bound_socket *bound, void *arg)
{
	(void)arg;
	(void)evconnlistener_disable(evhttp_bound_socket_get_listener(bound));
}

void api_server_reload(struct server *server)
{
	struct ls_fail fail;

	if (server->tls && httpd_tls_reload(server->tls, &fail) < 0)
		ls_error("tls.reload_failed", "error=\"%s; the pair read before stays active\"",
		         fail.text);
}

void api_server_stop(struct server *server)
{
	const struct timeval linger = milliseconds(HTTP_LINGER_MS);

	if (server->stopping)
		return;
	ls_info("server.stopping", "in_flight=%zu", server->in_flight);
	server->stopping = true;
	server->stop_deadline_ns = ls_now_ns() + HTTP_GRACE_MS * LS_NS_PER_MS;
	evhttp_foreach_bound_socket(server->http, close_listener, NULL);
	if (server->https)
		evhttp_foreach_bound_socket(server->https, close_listener, NULL);
	api_longpolls_answer_all(server->polls);
	server->finish = event_new(server->base, -1, 0, on_finish, server);
	if (!server->finish || event_add(server->finish, &linger) != 0)
		(void)event_base_loopbreak(server->base);
}
