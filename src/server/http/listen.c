/* SPDX-License-Identifier: Apache-2.0 */
#include "server/http/listen.h"

#include <errno.h>
#include <event2/listener.h>
#include <fcntl.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "wire/ip.h"

enum {
	PAUSE_US = 100000, /* how long not to accept when there are no descriptors */
};

void listen_raise_limit(unsigned long connections)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur >= connections)
		return;
	limit.rlim_cur = limit.rlim_max < connections ? limit.rlim_max : connections;
	if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
		ls_warn("server.limits", "error=\"cannot raise the number of open files: %s\"",
		        strerror(errno));
}

/* A descriptor kept back, so that a connection over the limit can be taken and told so. */
static int spare_fd = -1;

static void open_spare(void)
{
	if (spare_fd < 0)
		spare_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
}

static void say_full(int fd)
{
	static const char answer[] = "HTTP/1.1 503 Service Unavailable\r\n"
	                             "Content-Type: application/json\r\nRetry-After: 5\r\n"
	                             "Connection: close\r\nContent-Length: 52\r\n\r\n"
	                             "{\"error\":\"too many connections; try again in 5 s\"}\r\n";
	char request[4096];

	/* What is unread at the close would take the answer with it. */
	(void)recv(fd, request, sizeof(request), MSG_DONTWAIT);
	(void)send(fd, answer, sizeof(answer) - 1, MSG_DONTWAIT | MSG_NOSIGNAL);
	(void)shutdown(fd, SHUT_WR);
	(void)recv(fd, request, sizeof(request), MSG_DONTWAIT);
}

/* Takes the connection that found no descriptor, and ends it; false when there is none to spare. */
static bool turn_away(int listening_fd, bool plain)
{
	int fd;

	if (spare_fd < 0)
		return false;
	(void)close(spare_fd);
	spare_fd = -1;
	fd = accept4(listening_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (fd >= 0) {
		if (plain)
			say_full(fd);
		(void)close(fd);
	}
	open_spare();
	return fd >= 0;
}

static void resume(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(void)evconnlistener_enable(arg);
}

/* accept() failed for want of descriptors: without a pause the loop would spin on it. */
static void on_full(struct evconnlistener *listener, bool plain)
{
	static struct ls_ratelimit limit = LS_RATELIMIT_INIT(1, 10 * LS_NS_PER_S);
	const struct timeval pause = {.tv_usec = PAUSE_US};
	int error = EVUTIL_SOCKET_ERROR();

	if (ls_ratelimit_pass(&limit, ls_now_ns()))
		ls_warn("server.full", "error=\"cannot accept connections: %s\"", strerror(error));
	if ((error == EMFILE || error == ENFILE) &&
	    turn_away(evconnlistener_get_fd(listener), plain))
		return;
	(void)evconnlistener_disable(listener);
	(void)event_base_once(evconnlistener_get_base(listener), -1, EV_TIMEOUT, resume, listener,
	                      &pause);
}

static void on_plain_error(struct evconnlistener *listener, void *arg)
{
	(void)arg;
	on_full(listener, true);
}

static void on_tls_error(struct evconnlistener *listener, void *arg)
{
	(void)arg;
	on_full(listener, false);
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

int listen_on(struct evhttp *http, struct event_base *base, int fd, const char *scheme,
              struct ls_fail *fail)
{
	const unsigned flags = LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC;
	/* Backlog 0: it listens already. */
	struct evconnlistener *listener = evconnlistener_new(base, NULL, NULL, flags, 0, fd);

	if (!listener) {
		(void)close(fd);
		return ls_fail_set(fail, -ENOMEM, "out of memory");
	}
	if (!evhttp_bind_listener(http, listener)) {
		evconnlistener_free(listener);
		return ls_fail_set(fail, -ENOMEM, "out of memory");
	}
	evconnlistener_set_error_cb(listener,
	                            strcmp(scheme, "https") == 0 ? on_tls_error : on_plain_error);
	open_spare();
	log_address(fd, scheme);
	return 0;
}
