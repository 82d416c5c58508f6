/* SPDX-License-Identifier: Apache-2.0 */
#include "net/race.h"

#include <assert.h>
#include <errno.h>
#include <event2/event.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "net/socket.h"

enum {
	/* A dead connection fails within 30 s when nothing is sent, and within 15 s when data is
	 * sent, so that long-polls and idle connections do not hang. */
	KEEPALIVE_IDLE_S = 15,
	KEEPALIVE_INTERVAL_S = 5,
	KEEPALIVE_PROBES = 3,
	USER_TIMEOUT_MS = 15000,
};

struct runner {
	struct race *race;
	struct event *writable; /* NULL: not started, or failed */
	int fd;
};

struct race {
	struct event *next; /* starts the next runner, or ends the race */
	struct ls_ip addresses[RACE_ADDRESSES_MAX];
	struct runner runners[RACE_ADDRESSES_MAX];
	size_t count;
	size_t started;
	size_t running;
	bool complete; /* no more addresses will come */
	uint16_t port;
	int error;
	race_done_fn done;
	void *arg;
};

static void stop(struct runner *runner)
{
	if (!runner->writable)
		return;
	event_free(runner->writable);
	runner->writable = NULL;
	if (runner->fd >= 0)
		(void)close(runner->fd);
	runner->race->running--;
}

static void race_free(struct race *race)
{
	for (size_t i = 0; i < race->started; i++)
		stop(&race->runners[i]);
	event_free(race->next);
	free(race);
}

static void finish(struct race *race, int fd)
{
	race_done_fn done = race->done;
	void *arg = race->arg;
	int error = race->error;

	race_free(race);
	done(arg, fd, error);
}

/* Keeps the most useful error: an error of the host says more than a missing route. */
static void note_error(struct race *race, int error)
{
	bool no_route = race->error == ENETUNREACH || race->error == EADDRNOTAVAIL ||
	                race->error == EAFNOSUPPORT;

	if (race->error == 0 || no_route)
		race->error = error;
}

static void schedule(struct race *race, unsigned ms)
{
	const struct timeval delay = {.tv_usec = (suseconds_t)ms * 1000};

	if (event_add(race->next, &delay) < 0)
		abort(); /* a small fixed object: out of memory */
}

static void on_writable(evutil_socket_t fd, short what, void *arg)
{
	struct runner *runner = arg;
	struct race *race = runner->race;
	socklen_t len = sizeof(int);
	int error = 0;

	(void)what;
	if (getsockopt((int)fd, SOL_SOCKET, SO_ERROR, &error, &len) < 0)
		error = errno;
	if (error == 0) {
		runner->fd = -1; /* the callee owns it now */
		finish(race, (int)fd);
		return;
	}
	note_error(race, error);
	stop(runner);
	schedule(race, 0);
}

static void set_options(int fd)
{
	const struct {
		int level, name, value;
	} options[] = {
	        {IPPROTO_TCP, TCP_NODELAY, 1},
	        {SOL_SOCKET, SO_KEEPALIVE, 1},
#ifdef TCP_KEEPIDLE
	        {IPPROTO_TCP, TCP_KEEPIDLE, KEEPALIVE_IDLE_S},
	        {IPPROTO_TCP, TCP_KEEPINTVL, KEEPALIVE_INTERVAL_S},
	        {IPPROTO_TCP, TCP_KEEPCNT, KEEPALIVE_PROBES},
#endif
#ifdef TCP_USER_TIMEOUT
	        {IPPROTO_TCP, TCP_USER_TIMEOUT, USER_TIMEOUT_MS},
#endif
	};

	/* All of them are optional, and not every system has all. */
	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++)
		(void)setsockopt(fd, options[i].level, options[i].name, &options[i].value,
		                 sizeof(options[i].value));
}

static int start_runner(struct race *race, const struct ls_ip *ip, struct runner *runner)
{
	const struct ls_endpoint ep = {.ip = *ip, .port = race->port};
	struct sockaddr_storage sa;
	socklen_t len = ls_endpoint_to_sockaddr(&ep, &sa);
	LS_CLOSE int fd = net_socket_open(sa.ss_family, SOCK_STREAM, 0);

	if (fd < 0)
		return fd;
	set_options(fd);
	if (connect(fd, (struct sockaddr *)&sa, len) < 0 && errno != EINPROGRESS)
		return -errno;
	runner->race = race;
	runner->writable = event_new(event_get_base(race->next), fd, EV_WRITE, on_writable, runner);
	if (!runner->writable || event_add(runner->writable, NULL) < 0)
		abort(); /* a small fixed object: out of memory */
	runner->fd = ls_steal_fd(&fd);
	race->running++;
	return 0;
}

static void on_next(evutil_socket_t fd, short what, void *arg)
{
	struct race *race = arg;

	(void)fd;
	(void)what;
	while (race->started < race->count) {
		size_t i = race->started++;
		int r = start_runner(race, &race->addresses[i], &race->runners[i]);

		if (r == 0) {
			/* Also when no address is left: one may be added meanwhile. */
			schedule(race, RACE_STAGGER_MS);
			return;
		}
		note_error(race, -r);
	}
	if (race->running == 0 && race->complete)
		finish(race, -1);
}

struct race *net_race_start(struct event_base *base, uint16_t port, race_done_fn done, void *arg)
{
	struct race *race = ls_new(struct race);

	race->next = event_new(base, -1, 0, on_next, race);
	if (!race->next)
		abort(); /* a small fixed object: out of memory */
	race->port = port;
	race->done = done;
	race->arg = arg;
	return race;
}

void net_race_add(struct race *race, const struct ls_ip *addresses, size_t count, bool last)
{
	struct ls_ip waiting[RACE_ADDRESSES_MAX];
	size_t n = race->count - race->started;

	assert(count <= RACE_ADDRESSES_MAX - race->count);
	for (size_t i = 0; i < n; i++)
		waiting[i] = race->addresses[race->started + i];
	race->count = race->started;
	for (size_t i = 0; i < count || i < n; i++) {
		if (i < count)
			race->addresses[race->count++] = addresses[i];
		if (i < n)
			race->addresses[race->count++] = waiting[i];
	}
	race->complete = last;
	if (!event_pending(race->next, EV_TIMEOUT, NULL))
		schedule(race, 0);
}

void net_race_cancel(struct race *race)
{
	if (race)
		race_free(race);
}
