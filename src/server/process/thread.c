/* SPDX-License-Identifier: Apache-2.0 */
#include "server/process/thread.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"

enum {
	ASKED_RELOAD = 1,
	ASKED_STOP = 2,
};

struct process_thread {
	const char *name;
	struct event_base *base; /* only the thread uses it, once the thread runs */
	struct event *on_ask;
	int ask_fd;        /* eventfd, main to thread: run, or look at `asked` */
	int tell_fd;       /* eventfd, thread to main: the thread is set up; it has ended */
	atomic_uint asked; /* ASKED_* */
	pthread_t main_id; /* gets SIGTERM when the loop ends unasked */
	pthread_t id;
	bool started;  /* owned by main: `id` must be joined */
	bool stopping; /* owned by the thread until it is joined */
	bool failed;   /* likewise */
	struct process_thread_work work;
};

/* Cannot fail: an eventfd counts up to 2^64 - 2 before a write blocks. */
static void ring(int fd)
{
	const uint64_t one = 1;

	if (write(fd, &one, sizeof(one)) != sizeof(one))
		abort();
}

/* Waits for ring(), at most limit_ms, or without end for -1. False when the time is over. The ring
 * stays in the eventfd: hear_ring() takes it out. */
static bool wait_for_ring(int fd, int limit_ms)
{
	struct pollfd poll_fd = {.fd = fd, .events = POLLIN};
	int n;

	do
		n = poll(&poll_fd, 1, limit_ms);
	while (n < 0 && errno == EINTR);
	return n == 1;
}

static void hear_ring(int fd)
{
	uint64_t rings;

	if (read(fd, &rings, sizeof(rings)) != sizeof(rings))
		abort();
}

static void on_ask(evutil_socket_t fd, short what, void *arg)
{
	struct process_thread *thread = arg;
	unsigned asked;

	(void)what;
	hear_ring(fd);
	asked = atomic_exchange(&thread->asked, 0);
	if (thread->stopping)
		return;
	if (asked & ASKED_STOP) {
		thread->stopping = true;
		thread->work.stop(thread->work.self);
	} else if (asked & ASKED_RELOAD) {
		thread->work.reload(thread->work.self);
	}
}

static void *run(void *arg)
{
	struct process_thread *thread = arg;

	(void)pthread_setname_np(pthread_self(), thread->name);
	ring(thread->tell_fd);
	(void)wait_for_ring(thread->ask_fd, -1);
	if (atomic_load(&thread->asked) & ASKED_STOP)
		thread->stopping = true;
	else
		(void)event_base_dispatch(thread->base);
	if (!thread->stopping) {
		thread->failed = true;
		ls_error("component.failed", "name=%s error=\"its event loop ended\"",
		         thread->name);
		/* NOLINTNEXTLINE(bugprone-bad-signal-to-kill-thread,cert-pos44-c): it is handled */
		(void)pthread_kill(thread->main_id, SIGTERM);
	}
	ring(thread->tell_fd);
	return NULL;
}

void process_thread_free(struct process_thread *thread)
{
	if (!thread)
		return;
	if (thread->on_ask)
		event_free(thread->on_ask);
	if (thread->base)
		event_base_free(thread->base);
	if (thread->ask_fd >= 0)
		(void)close(thread->ask_fd);
	if (thread->tell_fd >= 0)
		(void)close(thread->tell_fd);
	free(thread);
}

int process_thread_new(const char *name, struct process_thread **ret, struct ls_fail *fail)
{
	struct process_thread *thread = ls_new(struct process_thread);

	thread->name = name;
	thread->main_id = pthread_self();
	thread->base = event_base_new();
	thread->ask_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	thread->tell_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (thread->base && thread->ask_fd >= 0)
		thread->on_ask = event_new(thread->base, thread->ask_fd, EV_READ | EV_PERSIST,
		                           on_ask, thread);
	if (thread->tell_fd < 0 || !thread->on_ask || event_add(thread->on_ask, NULL) != 0) {
		process_thread_free(thread);
		return ls_fail_set(fail, -ENOMEM, "cannot make an event loop for %s", name);
	}
	*ret = thread;
	return 0;
}

struct event_base *process_thread_base(const struct process_thread *thread)
{
	return thread->base;
}

int process_thread_start(struct process_thread *thread, const struct process_thread_work *work,
                         struct ls_fail *fail)
{
	sigset_t all, before;
	int r;

	thread->work = *work;
	/* Block all signals here, so that the new thread has them blocked from its start. */
	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &before);
	r = pthread_create(&thread->id, NULL, run, thread);
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (r != 0)
		return ls_fail_set(fail, -r, "cannot make a thread for %s: %s", thread->name,
		                   strerror(r));
	thread->started = true;
	(void)wait_for_ring(thread->tell_fd, -1);
	hear_ring(thread->tell_fd);
	return 0;
}

static void ask(struct process_thread *thread, unsigned what)
{
	(void)atomic_fetch_or(&thread->asked, what);
	ring(thread->ask_fd);
}

void process_thread_run(struct process_thread *thread)
{
	ring(thread->ask_fd);
}

void process_thread_reload(struct process_thread *thread)
{
	ask(thread, ASKED_RELOAD);
}

void process_thread_stop(struct process_thread *thread)
{
	ask(thread, ASKED_STOP);
}

int process_thread_end(struct process_thread *thread, int limit_ms)
{
	if (!thread->started)
		return 0;
	process_thread_stop(thread);
	if (!wait_for_ring(thread->tell_fd, limit_ms)) {
		ls_error("component.stuck", "name=%s waited_ms=%d", thread->name, limit_ms);
		abort();
	}
	(void)pthread_join(thread->id, NULL);
	thread->started = false;
	return thread->failed ? -EIO : 0;
}
