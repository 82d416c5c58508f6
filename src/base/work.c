/* SPDX-License-Identifier: Apache-2.0 */
#include "base/work.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"

struct entry {
	struct entry *next;
	ls_work_fn run;
	ls_work_fn done;
	void *job;
};

struct queue {
	struct entry *first;
	struct entry **end; /* where to link the next entry */
};

struct ls_work {
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	struct queue waiting;  /* under lock */
	struct queue finished; /* under lock */
	bool stop;             /* under lock */
	bool abandoned;        /* under lock; the thread frees this struct */
	int pipe[2];           /* one byte per finished job */
	unsigned open;         /* only the owner's thread: jobs submitted and not yet collected */
};

static void push(struct queue *queue, struct entry *entry)
{
	entry->next = NULL;
	*queue->end = entry;
	queue->end = &entry->next;
}

static struct entry *pop(struct queue *queue)
{
	struct entry *entry = queue->first;

	if (!entry)
		return NULL;
	queue->first = entry->next;
	if (!queue->first)
		queue->end = &queue->first;
	return entry;
}

static void destroy(struct ls_work *work)
{
	struct entry *entry;

	while ((entry = pop(&work->waiting)) || (entry = pop(&work->finished)))
		free(entry);
	(void)close(work->pipe[0]);
	(void)close(work->pipe[1]);
	(void)pthread_cond_destroy(&work->wake);
	(void)pthread_mutex_destroy(&work->lock);
	free(work);
}

static void *run_thread(void *arg)
{
	struct ls_work *work = arg;
	bool abandoned;

	(void)pthread_mutex_lock(&work->lock);
	while (!work->stop) {
		struct entry *entry = pop(&work->waiting);

		if (!entry) {
			(void)pthread_cond_wait(&work->wake, &work->lock);
			continue;
		}
		(void)pthread_mutex_unlock(&work->lock);
		entry->run(entry->job);
		(void)pthread_mutex_lock(&work->lock);
		push(&work->finished, entry);
		/* When the pipe is full, it is readable anyway, and the owner then collects the
		 * whole list. */
		while (write(work->pipe[1], "", 1) < 0 && errno == EINTR)
			continue;
	}
	abandoned = work->abandoned;
	(void)pthread_mutex_unlock(&work->lock);
	if (abandoned)
		destroy(work);
	return NULL;
}

static int make_pipe(int ret[static 2])
{
	if (pipe(ret) < 0)
		return -errno;
	for (int i = 0; i < 2; i++) {
		(void)fcntl(ret[i], F_SETFD, FD_CLOEXEC);
		(void)fcntl(ret[i], F_SETFL, O_NONBLOCK);
	}
	return 0;
}

/* The thread blocks all signals; the owner's thread gets them. */
static int start_thread(struct ls_work *work)
{
	sigset_t all, before;
	int r;

	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &before);
	r = -pthread_create(&work->thread, NULL, run_thread, work);
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	return r;
}

int ls_work_new(struct ls_work **ret, struct ls_fail *fail)
{
	struct ls_work *work = ls_new(struct ls_work);
	int r = make_pipe(work->pipe);

	if (r < 0) {
		free(work);
		return ls_fail_set(fail, r, "cannot make a pipe: %s", ls_strerror(r));
	}
	work->waiting.end = &work->waiting.first;
	work->finished.end = &work->finished.first;
	(void)pthread_mutex_init(&work->lock, NULL);
	(void)pthread_cond_init(&work->wake, NULL);
	r = start_thread(work);
	if (r < 0) {
		destroy(work);
		return ls_fail_set(fail, r, "cannot start a thread: %s", ls_strerror(r));
	}
	*ret = work;
	return 0;
}

void ls_work_submit(struct ls_work *work, ls_work_fn run, ls_work_fn done, void *job)
{
	struct entry *entry = ls_new(struct entry);

	*entry = (struct entry){.run = run, .done = done, .job = job};
	work->open++;
	(void)pthread_mutex_lock(&work->lock);
	push(&work->waiting, entry);
	(void)pthread_cond_signal(&work->wake);
	(void)pthread_mutex_unlock(&work->lock);
}

int ls_work_fd(const struct ls_work *work)
{
	return work->pipe[0];
}

void ls_work_collect(struct ls_work *work)
{
	char bytes[64];
	ssize_t n;

	do
		n = read(work->pipe[0], bytes, sizeof(bytes));
	while (n == (ssize_t)sizeof(bytes) || (n < 0 && errno == EINTR));
	for (;;) {
		struct entry *entry;

		(void)pthread_mutex_lock(&work->lock);
		entry = pop(&work->finished);
		(void)pthread_mutex_unlock(&work->lock);
		if (!entry)
			return;
		assert(work->open > 0);
		work->open--;
		entry->done(entry->job);
		free(entry);
	}
}

static void stop(struct ls_work *work, bool abandon)
{
	(void)pthread_mutex_lock(&work->lock);
	work->stop = true;
	work->abandoned = abandon;
	(void)pthread_cond_signal(&work->wake);
	(void)pthread_mutex_unlock(&work->lock);
}

bool ls_work_free(struct ls_work *work, unsigned wait_ms)
{
	uint64_t end = ls_now_ns() + wait_ms * LS_NS_PER_MS;

	if (!work)
		return true;
	for (uint64_t now = ls_now_ns(); work->open > 0 && now < end; now = ls_now_ns()) {
		struct pollfd poll_fd = {.fd = work->pipe[0], .events = POLLIN};

		(void)poll(&poll_fd, 1, (int)((end - now) / LS_NS_PER_MS + 1));
		ls_work_collect(work);
	}
	if (work->open > 0) {
		pthread_t thread = work->thread;

		stop(work, true); /* from here on the thread owns the struct */
		(void)pthread_detach(thread);
		return false;
	}
	stop(work, false);
	(void)pthread_join(work->thread, NULL);
	destroy(work);
	return true;
}
