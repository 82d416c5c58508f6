/* SPDX-License-Identifier: Apache-2.0 */
#include "server/api/server.h"

#include <errno.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "server/api/dispatch.h"
#include "server/api/endpoints.h"
#include "server/api/longpoll.h"
#include "server/api/metrics_page.h"
#include "server/api/service.h"
#include "server/api/waiting.h"
#include "server/http/httpd.h"
#include "server/http/tls.h"
#include "server/state/gather.h"

enum {
	CLOCK_CHECK_S = 5, /* somebody may set the wall clock, and no request may come */
};

int64_t api_server_now(const struct server *server)
{
	int64_t wall_ms = ls_wall_ms();

	state_set_time(server->state, wall_ms, (int64_t)(ls_now_ns() / LS_NS_PER_MS));
	return wall_ms / 1000;
}

static void arm_tick(struct server *server)
{
	int64_t at = state_deadline(server->state), now = ls_wall_s();
	struct timeval wait = {.tv_sec = CLOCK_CHECK_S};

	if (at <= now)
		wait.tv_sec = 0;
	else if (at - now < CLOCK_CHECK_S)
		wait.tv_sec = (time_t)(at - now);
	(void)event_add(server->tick, &wait);
}

static void on_tick(evutil_socket_t fd, short what, void *arg)
{
	struct server *server = arg;

	(void)fd;
	(void)what;
	state_tick(server->state, api_server_now(server));
	/* The watcher is not told when the deadline stays the same. */
	arm_tick(server);
}

static void on_deadline_changed(void *context)
{
	arm_tick(context);
}

static void arm_gather(void *context)
{
	struct server *server = context;
	uint64_t at = state_gather_deadline(server->state), now = ls_now_ns(), us = 0;
	struct timeval wait;

	if (at == LS_NEVER)
		return;
	if (at > now)
		us = (at - now) / LS_NS_PER_US + 1;
	wait = (struct timeval){.tv_sec = (time_t)(us / 1000000),
	                        .tv_usec = (suseconds_t)(us % 1000000)};
	(void)event_add(server->gather, &wait);
}

static void on_gather(evutil_socket_t fd, short what, void *arg)
{
	struct server *server = arg;

	(void)fd;
	(void)what;
	state_gather_run(server->state, ls_now_ns());
	arm_gather(server);
}

static int take_socket(struct server *server, const struct server_socket *it, struct ls_fail *fail)
{
	struct httpd_listen how = {.handler = &api_dispatch_handler, .context = server};

	switch (it->use) {
	case SOCKET_HTTP:
		how.scheme = "http";
		break;
	case SOCKET_HTTPS:
		how.scheme = "https";
		how.tls = server->tls;
		break;
	case SOCKET_METRICS:
		how.scheme = "metrics";
		how.handler = &api_metrics_page_handler;
		break;
	}
	return httpd_listen(server->httpd, it->fd, &how, fail);
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

static int open_http(struct server *server, const struct server_config *config,
                     struct ls_fail *fail)
{
	struct httpd_config front = {.limits = HTTPD_LIMITS, .proxies = config->proxies};
	int r;

	front.limits.connections = httpd_set_limit(HTTP_CONNECTIONS_MAX);
	r = httpd_new(server->base, &front, &server->httpd, fail);
	if (r < 0 || !config->tls_cert)
		return r;
	return httpd_tls_new(config->tls_cert, config->tls_key, &server->tls, fail);
}

static int open_state(struct server *server, const struct server_config *config,
                      struct store *store, struct ls_fail *fail)
{
	int r = state_open(store, ls_wall_s(), &server->state, fail);

	if (r < 0)
		return r;
	state_reuse_addresses_after(server->state, config->reuse_addresses_after_s);
	server->watcher = (struct state_watcher){.context = server,
	                                         .deadline_changed = on_deadline_changed,
	                                         .gather_changed = arm_gather};
	state_watch(server->state, &server->watcher);
	api_longpolls_watch(server->polls);
	(void)api_server_now(server);
	arm_tick(server);
	return 0;
}

/* Does all that may fail before the state opens the store. */
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
	server->node_requests = ls_map_new();
	server->tick = event_new(server->base, -1, 0, on_tick, server);
	server->gather = event_new(server->base, -1, 0, on_gather, server);
	server->polls = api_longpolls_new(server);
	server->waiting = api_waiting_new(server);
	if (!server->relay || !server->tick || !server->gather || !server->polls ||
	    !server->waiting)
		return ls_fail_set(fail, -ENOMEM, "out of memory");
	return open_http(server, config, fail);
}

static void free_connections(struct server *server)
{
	httpd_free(server->httpd);
	httpd_tls_free(server->tls);
}

static void free_parts(struct server *server)
{
	if (server->tick)
		event_free(server->tick);
	if (server->gather)
		event_free(server->gather);
	api_longpolls_free(server->polls);
	api_waiting_free(server->waiting);
	state_text_unref(server->relay);
	api_attempts_free(server->attempts);
	ls_map_free(server->node_requests);
	free(server);
}

int api_server_new(struct event_base *base, const struct server_config *config, struct store *store,
                   struct server **ret, struct ls_fail *fail)
{
	struct server *server = ls_new(struct server);
	int r;

	api_endpoints_check();
	server->base = base;
	r = prepare(server, config, fail);
	if (r == 0)
		r = open_state(server, config, store, fail);
	if (r < 0) {
		free_connections(server);
		free_parts(server);
		store->ops->close(store);
		return r;
	}
	/* Must come last: from the line server.listening on, requests are answered. */
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
	/* End the connections first: their polls point to nodes. Calls with a change that has not
	 * ended stay until the state is closed; their answers go nowhere. */
	free_connections(server);
	api_longpolls_free(server->polls);
	server->polls = NULL;
	state_unwatch(&server->watcher);
	state_close(server->state);
	free_parts(server);
}

static void on_stopped(void *arg)
{
	const struct server *server = arg;

	(void)event_base_loopbreak(server->base);
}

void api_server_reload(struct server *server)
{
	struct ls_fail fail;

	if (server->tls && httpd_tls_reload(server->tls, &fail) < 0)
		ls_error("tls.reload_failed", "error=\"%s; the old certificate stays active\"",
		         fail.text);
}

void api_server_stop(struct server *server)
{
	if (server->stopping)
		return;
	ls_info("server.stopping", "in_flight=%zu", httpd_in_flight(server->httpd));
	server->stopping = true;
	httpd_stop(server->httpd, on_stopped, server);
	api_longpolls_answer_all(server->polls);
	api_waiting_hurry(server->waiting);
}
