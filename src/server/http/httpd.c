/* SPDX-License-Identifier: Apache-2.0 */
#include "server/http/httpd.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "server/http/budget.h"
#include "server/http/connection.h"
#include "server/http/overload.h"
#include "server/http/serve.h"

enum {
	STOP_CHECK_US = 10000,
};

static void on_reap(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	httpd_connection_reap(arg);
}

static void on_stop(evutil_socket_t fd, short what, void *arg)
{
	struct httpd *httpd = arg;
	const struct timeval again = {.tv_usec = STOP_CHECK_US};

	(void)fd;
	(void)what;
	if (httpd->in_flight == 0 || ls_now_ns() >= httpd->stop_deadline_ns)
		httpd->stopped(httpd->stopped_arg);
	else
		(void)event_add(httpd->stop, &again);
}

int httpd_new(struct event_base *base, const struct httpd_config *config, struct httpd **ret,
              struct ls_fail *fail)
{
	struct httpd *httpd = ls_new(struct httpd);

	httpd->base = base;
	httpd->limits = config->limits;
	httpd->proxies = config->proxies;
	ls_list_init(&httpd->listeners);
	ls_list_init(&httpd->connections);
	ls_list_init(&httpd->dead);
	ls_list_init(&httpd->detached);
	for (size_t i = 0; i < HTTPD_RANKS; i++)
		ls_list_init(&httpd->ranks[i]);
	(void)pthread_mutex_init(&httpd->lock, NULL);
	httpd_overload_init(httpd);
	httpd->reap = event_new(base, -1, 0, on_reap, httpd);
	httpd->stop = event_new(base, -1, 0, on_stop, httpd);
	if (httpd_budget_init(httpd) < 0 || !httpd->reap || !httpd->stop) {
		httpd_free(httpd);
		return ls_fail_set(fail, -ENOMEM, "out of memory");
	}
	*ret = httpd;
	return 0;
}

static void free_listeners(struct httpd *httpd)
{
	LS_LIST_EACH_SAFE (it, tmp, &httpd->listeners) {
		struct httpd_listener *listener = LS_CONTAINER(it, struct httpd_listener, link);

		ls_list_remove(&listener->link);
		evconnlistener_free(listener->listener);
		free(listener);
	}
}

void httpd_free(struct httpd *httpd)
{
	if (!httpd)
		return;
	assert(ls_list_empty(&httpd->detached));
	while (!ls_list_empty(&httpd->connections))
		httpd_connection_kill(
		        LS_CONTAINER(httpd->connections.next, struct httpd_connection, link));
	httpd_connection_reap(httpd);
	free_listeners(httpd);
	httpd_overload_done(httpd);
	httpd_budget_done(httpd);
	if (httpd->reap)
		event_free(httpd->reap);
	if (httpd->stop)
		event_free(httpd->stop);
	(void)pthread_mutex_destroy(&httpd->lock);
	ls_buf_done(&httpd->head);
	free(httpd);
}

/* --- listeners --- */

static void on_accept(struct evconnlistener *listener, evutil_socket_t fd, struct sockaddr *address,
                      int len, void *arg)
{
	struct ls_endpoint peer = {0};

	(void)listener;
	(void)len;
	/* A link-local address has a scope and does not parse, so it counts as unknown. */
	if (ls_endpoint_from_sockaddr(address, &peer) < 0)
		peer = (struct ls_endpoint){0};
	if (httpd_overload_admit(arg, fd))
		httpd_serve(arg, fd, &peer);
}

static void on_error(struct evconnlistener *listener, void *arg)
{
	(void)listener;
	httpd_overload_full(arg);
}

static void log_address(int fd, const char *scheme)
{
	struct sockaddr_storage storage;
	socklen_t len = sizeof(storage);
	struct ls_endpoint real;
	char text[LS_ENDPOINT_TEXT];

	if (getsockname(fd, (struct sockaddr *)&storage, &len) < 0 ||
	    ls_endpoint_from_sockaddr((struct sockaddr *)&storage, &real) < 0)
		return;
	ls_info("server.listening", "address=%s scheme=%s", ls_endpoint_format(&real, text),
	        scheme);
}

int httpd_listen(struct httpd *httpd, int fd, const struct httpd_listen *how, struct ls_fail *fail)
{
	const unsigned flags = LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC;
	struct httpd_listener *listener = ls_new(struct httpd_listener);

	listener->httpd = httpd;
	listener->tls = how->tls;
	listener->handler = how->handler;
	listener->context = how->context;
	/* Backlog 0: the socket listens already. */
	listener->listener = evconnlistener_new(httpd->base, on_accept, listener, flags, 0, fd);
	if (!listener->listener) {
		(void)close(fd);
		free(listener);
		return ls_fail_set(fail, -ENOMEM, "out of memory");
	}
	evconnlistener_set_error_cb(listener->listener, on_error);
	ls_list_append(&httpd->listeners, &listener->link);
	log_address(fd, how->scheme);
	return 0;
}

/* This also lowers the limit: some hosts allow 10^9 open files. */
size_t httpd_set_limit(size_t files)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return files;
	if (limit.rlim_max < files)
		files = (size_t)limit.rlim_max;
	limit.rlim_cur = files;
	if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
		ls_warn("server.limits", "error=\"cannot set the number of open files: %s\"",
		        strerror(errno));
	return files - (files / 4 < HTTP_FILES_SPARE ? files / 4 : HTTP_FILES_SPARE);
}

/* --- the end --- */

void httpd_stop(struct httpd *httpd, void (*stopped)(void *arg), void *arg)
{
	const struct timeval linger = {
	        .tv_sec = httpd->limits.stop_linger_ms / 1000,
	        .tv_usec = (suseconds_t)(httpd->limits.stop_linger_ms % 1000) * 1000};

	assert(!httpd->stopping);
	httpd->stopping = true;
	httpd->stopped = stopped;
	httpd->stopped_arg = arg;
	httpd->stop_deadline_ns = ls_now_ns() + httpd->limits.stop_grace_ms * LS_NS_PER_MS;
	LS_LIST_EACH (it, &httpd->listeners)
		(void)evconnlistener_disable(
		        LS_CONTAINER(it, struct httpd_listener, link)->listener);
	(void)event_add(httpd->stop, &linger);
}

size_t httpd_in_flight(const struct httpd *httpd)
{
	return httpd->in_flight;
}

struct httpd_counts httpd_counts(const struct httpd *httpd)
{
	struct httpd_counts counts = httpd->counts;

	counts.connections = httpd->connection_count + httpd->detached_count;
	counts.memory = httpd->budget.used;
	return counts;
}
