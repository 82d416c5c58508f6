/* SPDX-License-Identifier: Apache-2.0 */
#include "server/http/overload.h"

#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "server/http/evict.h"

enum {
	PAUSE_US = 100000, /* stop accepting for this long when nothing else helps */
	EVICT_MS = 1000,   /* at least between two evictions: each looks at all connections */
};

static void open_spare(struct httpd_overload *overload)
{
	if (overload->spare_fd < 0)
		overload->spare_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
}

static void say_full(int fd)
{
	static const char answer[] = "HTTP/1.1 503 Service Unavailable\r\n"
	                             "Content-Type: application/json\r\nRetry-After: 5\r\n"
	                             "Connection: close\r\nContent-Length: 52\r\n\r\n"
	                             "{\"error\":\"too many connections; try again in 5 s\"}\r\n";
	char request[4096];

	/* Unread bytes at the close would reset the connection, and the client lose the answer. */
	(void)recv(fd, request, sizeof(request), MSG_DONTWAIT);
	(void)send(fd, answer, sizeof(answer) - 1, MSG_DONTWAIT | MSG_NOSIGNAL);
	(void)shutdown(fd, SHUT_WR);
	(void)recv(fd, request, sizeof(request), MSG_DONTWAIT);
}

/* A greedy source may connect all the time. A search that it caused does not keep a newcomer of
 * another source from causing the next one. */
static bool may_look(const struct httpd_overload *overload, const struct ls_ip *newcomer,
                     uint64_t now)
{
	if (overload->looked_ns == 0 || now - overload->looked_ns >= EVICT_MS * LS_NS_PER_MS)
		return true;
	return overload->asking.family != LS_FAMILY_NONE &&
	       !httpd_evict_is_from(&overload->asking, newcomer);
}

static void make_room(struct httpd *httpd, const struct ls_ip *newcomer)
{
	struct httpd_overload *overload = &httpd->overload;
	uint64_t now = ls_now_ns();
	char source[LS_IP_TEXT];
	struct ls_ip greedy;
	size_t evicted;

	if (!may_look(overload, newcomer, now))
		return;
	evicted = httpd_evict_greediest(httpd, newcomer, &greedy);
	overload->looked_ns = now;
	overload->asking = evicted == 0 ? greedy : (struct ls_ip){0};
	httpd->counts.evicted += evicted;
	if (evicted > 0)
		ls_warn("server.evicted", "source=%s connections=%zu",
		        ls_ip_format(&greedy, source), evicted);
}

/* Accepts one connection with the reserved descriptor and closes it. False when the reserve is lost
 * or the accept fails. */
static bool turn_away(const struct httpd_listener *listener)
{
	struct httpd *httpd = listener->httpd;
	struct sockaddr_storage storage = {0};
	socklen_t len = sizeof(storage);
	struct ls_endpoint newcomer;
	int fd;

	if (httpd->overload.spare_fd < 0)
		return false;
	(void)close(httpd->overload.spare_fd);
	httpd->overload.spare_fd = -1;
	fd = accept4(evconnlistener_get_fd(listener->listener), (struct sockaddr *)&storage, &len,
	             SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (fd >= 0) {
		httpd->counts.turned_away++;
		if (!listener->tls)
			say_full(fd);
		(void)close(fd);
	}
	open_spare(&httpd->overload);
	if (fd >= 0 && ls_endpoint_from_sockaddr((struct sockaddr *)&storage, &newcomer) == 0)
		make_room(httpd, &newcomer.ip);
	return fd >= 0;
}

static void resume(evutil_socket_t fd, short what, void *arg)
{
	struct httpd_listener *listener = arg;

	(void)fd;
	(void)what;
	/* The reserve is lost when the host had no descriptor left or the limit was lowered. Open
	 * it again before the next connection takes the free descriptor. */
	open_spare(&listener->httpd->overload);
	if (!listener->httpd->stopping)
		(void)evconnlistener_enable(listener->listener);
}

/* Without the pause, the loop would call accept() again and again. */
void httpd_overload_full(struct httpd_listener *listener)
{
	static struct ls_ratelimit limit = LS_RATELIMIT_INIT(1, 10 * LS_NS_PER_S);
	const struct timeval pause = {.tv_usec = PAUSE_US};
	int error = EVUTIL_SOCKET_ERROR();

	if (ls_ratelimit_pass(&limit, ls_now_ns()))
		ls_warn("server.full", "error=\"cannot accept connections: %s\"", strerror(error));
	if ((error == EMFILE || error == ENFILE) && turn_away(listener))
		return;
	(void)evconnlistener_disable(listener->listener);
	(void)event_base_once(listener->httpd->base, -1, EV_TIMEOUT, resume, listener, &pause);
}

void httpd_overload_init(struct httpd *httpd)
{
	httpd->overload.spare_fd = -1;
	open_spare(&httpd->overload);
}

void httpd_overload_done(struct httpd *httpd)
{
	if (httpd->overload.spare_fd >= 0)
		(void)close(httpd->overload.spare_fd);
	httpd->overload.spare_fd = -1;
}
