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
};

static void open_spare(struct httpd *httpd)
{
	if (httpd->spare_fd < 0)
		httpd->spare_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
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

static void turn_away(const struct httpd_listener *listener, int fd)
{
	listener->httpd->counts.turned_away++;
	if (!listener->tls)
		say_full(fd);
	(void)close(fd);
}

static void log_full(const struct httpd *httpd, const char *what)
{
	static struct ls_ratelimit limit = LS_RATELIMIT_INIT(1, 10 * LS_NS_PER_S);

	if (ls_ratelimit_pass(&limit, ls_now_ns()))
		ls_warn("server.full",
		        "connections=%zu without_credential=%zu evicted=%" PRIu64
		        " refused=%" PRIu64 " error=\"%s\"",
		        httpd->connection_count, httpd->stranger_count, httpd->counts.evicted,
		        httpd->counts.turned_away, what);
}

bool httpd_overload_admit(const struct httpd_listener *listener, int fd)
{
	struct httpd *httpd = listener->httpd;
	size_t max = httpd->limits.connections,
	       held = httpd->connection_count + httpd->detached_count;

	if (held >= max) {
		bool room = httpd_evict_for_connection(httpd);

		if (!room)
			turn_away(listener, fd);
		log_full(httpd, "too many connections");
		return room;
	}
	if (httpd->stranger_count >= max / 4 * 3) {
		(void)httpd_evict_stranger(httpd);
		log_full(httpd, "too many connections without a credential");
	}
	return true;
}

/* Accepts one connection with the reserved descriptor and closes it. False when the reserve is lost
 * or the accept fails. */
static bool accept_and_close(const struct httpd_listener *listener)
{
	struct httpd *httpd = listener->httpd;
	int fd;

	if (httpd->spare_fd < 0)
		return false;
	(void)close(httpd->spare_fd);
	httpd->spare_fd = -1;
	fd = accept4(evconnlistener_get_fd(listener->listener), NULL, NULL,
	             SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (fd >= 0)
		turn_away(listener, fd);
	open_spare(httpd);
	return fd >= 0;
}

static void resume(evutil_socket_t fd, short what, void *arg)
{
	struct httpd_listener *listener = arg;

	(void)fd;
	(void)what;
	/* The reserve is lost when the host had no descriptor left or the limit was lowered. Open
	 * it again before the next connection takes the free descriptor. */
	open_spare(listener->httpd);
	if (!listener->httpd->stopping)
		(void)evconnlistener_enable(listener->listener);
}

/* No file descriptor is left, though httpd_overload_admit() saw room. Without the pause, the loop
 * would call accept() again and again. */
void httpd_overload_full(struct httpd_listener *listener)
{
	const struct timeval pause = {.tv_usec = PAUSE_US};
	struct httpd *httpd = listener->httpd;
	int error = EVUTIL_SOCKET_ERROR();
	bool no_file = error == EMFILE || error == ENFILE;

	log_full(httpd, strerror(error));
	/* The listener calls accept() again, since its socket is still ready. */
	if (no_file && (httpd_evict_for_connection(httpd) || accept_and_close(listener)))
		return;
	(void)evconnlistener_disable(listener->listener);
	(void)event_base_once(httpd->base, -1, EV_TIMEOUT, resume, listener, &pause);
}

void httpd_overload_init(struct httpd *httpd)
{
	httpd->spare_fd = -1;
	open_spare(httpd);
}

void httpd_overload_done(struct httpd *httpd)
{
	if (httpd->spare_fd >= 0)
		(void)close(httpd->spare_fd);
	httpd->spare_fd = -1;
}
