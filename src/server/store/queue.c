/* SPDX-License-Identifier: Apache-2.0 */
#include "server/store/queue.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"

enum {
	BATCH_MAX = 64,        /* commits of one transaction */
	RETRY_MS = 20,         /* to the next attempt at a locked database */
	LOCKED_TOLD_MS = 1000, /* a database that is locked for longer does not work */
	PROBE_MS = 1000,       /* between the tests of a database that does not work */
	WATCH_MS = 5000,       /* between the looks at one that works */
	READS_TOGETHER = 4,    /* reads that have slices in turn; the others wait for their end */
	DELIVER_MS = 10,       /* the loop handles ended jobs for this long at a time */
};

enum job_state {
	JOB_WAITS = 1,
	JOB_RUNS,
	JOB_ENDED,
};

struct store_queue {
	struct store store;
	/* Of the thread. Before it runs and after it has ended, of the main thread. */
	struct store_sqlite *db;
	struct event *on_jobs;
	struct event *on_again; /* there is more to do, or to try again */
	struct event *on_probe;
	size_t singles;     /* commits to write alone: together they have failed */
	uint64_t locked_ns; /* since when another program has had the lock; 0: nobody has it */
	bool has_told;      /* of the lock, in the log */
	/* Of the loop. */
	struct event *on_ended;
	struct histogram commits;
	uint64_t failures;
	/* Shared, under the lock, which nobody holds for longer than it takes to move some
	 * pointers. */
	pthread_mutex_t lock;
	pthread_cond_t ended_some; /* `ended` has got jobs */
	struct ls_list writes;     /* struct store_job.link */
	struct ls_list reads;
	struct ls_list ended;
	size_t writing;            /* commits that wait or are at work */
	size_t reading_count;      /* reads likewise */
	size_t running;            /* jobs at work */
	struct store_job *reading; /* the read at work */
	bool drop_read;            /* .. is not wanted any more */
	int failure;               /* struct store_status */
	uint64_t transactions;
	int jobs_fd;  /* eventfd: there are jobs */
	int ended_fd; /* eventfd: there are ended jobs */
};

static void ring(int fd)
{
	const uint64_t one = 1;

	if (write(fd, &one, sizeof(one)) != sizeof(one))
		abort();
}

static void hear_ring(int fd)
{
	uint64_t rings;

	(void)!read(fd, &rings, sizeof(rings));
}

static void lock(struct store_queue *q)
{
	(void)pthread_mutex_lock(&q->lock);
}

static void unlock(struct store_queue *q)
{
	(void)pthread_mutex_unlock(&q->lock);
}

static struct store_job *job_of(struct ls_list *link)
{
	return LS_CONTAINER(link, struct store_job, link);
}

static struct store_commit *commit_of(struct store_job *job)
{
	return LS_CONTAINER(job, struct store_commit, job);
}

/* Under the lock: the job waits no more. */
static void count_down(struct store_queue *q, const struct store_job *job)
{
	if (job->is_commit)
		q->writing--;
	else
		q->reading_count--;
}

static size_t count_jobs(const struct store_queue *q)
{
	return q->writing + q->reading_count;
}

/* The thread */

static void after_ms(struct event *event, unsigned ms)
{
	const struct timeval wait = {.tv_sec = ms / 1000,
	                             .tv_usec = (suseconds_t)(ms % 1000) * 1000};

	(void)event_add(event, &wait);
}

/* Hands jobs at work to the loop. Empties the list. */
static void give_back(struct store_queue *q, struct ls_list *jobs)
{
	lock(q);
	LS_LIST_EACH_SAFE (it, tmp, jobs) {
		ls_list_remove(it);
		job_of(it)->state = JOB_ENDED;
		ls_list_append(&q->ended, it);
		count_down(q, job_of(it));
		q->running--;
	}
	(void)pthread_cond_signal(&q->ended_some);
	unlock(q);
	ring(q->ended_fd);
}

/* Takes at most `max` commits out of the queue, to work on them. */
static size_t take_commits(struct store_queue *q, size_t max, struct ls_list *ret)
{
	size_t n = 0;

	ls_list_init(ret);
	lock(q);
	for (; n < max && !ls_list_empty(&q->writes); n++) {
		struct store_job *job = job_of(q->writes.next);

		ls_list_remove(&job->link);
		job->state = JOB_RUNS;
		ls_list_append(ret, &job->link);
	}
	q->running += n;
	unlock(q);
	return n;
}

/* Puts them back to the head of the queue. */
static void put_back(struct store_queue *q, struct ls_list *jobs)
{
	lock(q);
	while (!ls_list_empty(jobs)) {
		struct store_job *job = job_of(jobs->prev);

		ls_list_remove(&job->link);
		job->state = JOB_WAITS;
		/* In front of all others, see read_later(). */
		ls_list_append(q->writes.next, &job->link);
		q->running--;
	}
	unlock(q);
}

static bool has_writes(struct store_queue *q)
{
	bool has;

	lock(q);
	has = !ls_list_empty(&q->writes);
	unlock(q);
	return has;
}

/* Notes if the database works, and says so when that has changed. */
static void note_health(struct store_queue *q, int failure, const struct ls_fail *fail)
{
	int before;

	lock(q);
	before = q->failure;
	q->failure = failure;
	unlock(q);
	after_ms(q->on_probe, failure != 0 ? PROBE_MS : WATCH_MS);
	if (failure == before)
		return;
	if (failure != 0)
		ls_error("store.failing", "error=\"%s\"", fail->text);
	else
		ls_info("store.works", "after_code=%d", before);
}

static void note_locked(struct store_queue *q, const struct ls_fail *fail)
{
	uint64_t now = ls_now_ns();

	after_ms(q->on_again, RETRY_MS);
	if (q->locked_ns == 0)
		q->locked_ns = now;
	if (q->has_told || now - q->locked_ns < LOCKED_TOLD_MS * LS_NS_PER_MS)
		return;
	q->has_told = true;
	note_health(q, -EBUSY, fail);
}

static void note_unlocked(struct store_queue *q)
{
	q->locked_ns = 0;
	q->has_told = false;
}

/* Ends the commits with the results of one transaction. When it has failed as a whole, and was of
 * more than one, each gets a transaction of its own. */
static void end_commits(struct store_queue *q, struct ls_list *jobs, size_t count,
                        struct ls_fail *fail)
{
	int r = store_sqlite_end(q->db, fail);
	int worst = r;

	lock(q);
	q->transactions++;
	unlock(q);
	if (r < 0 && count > 1) {
		q->singles = count;
		put_back(q, jobs);
		return;
	}
	LS_LIST_EACH (it, jobs) {
		struct store_job *job = job_of(it);

		if (job->result == 0 && r < 0) {
			job->result = r;
			job->fail = *fail;
		}
		if (job->result < 0) {
			worst = job->result;
			*fail = job->fail;
		}
	}
	/* A success may have been smaller than the change that has failed: the probe decides. But
	 * the lock of another program is gone. */
	if (worst < 0 || q->failure == -EBUSY)
		note_health(q, worst, fail);
	give_back(q, jobs);
}

/* They all have the same result: the transaction could not begin. */
static void fail_commits(struct store_queue *q, int r, const struct ls_fail *fail)
{
	struct ls_list jobs;

	if (take_commits(q, BATCH_MAX, &jobs) == 0)
		return;
	LS_LIST_EACH (it, &jobs) {
		job_of(it)->result = r;
		job_of(it)->fail = *fail;
	}
	note_health(q, r, fail);
	give_back(q, &jobs);
}

/* Writes the commits that wait. They are taken out of the queue only when the database is ours, so
 * until then they can be withdrawn. False: none waits, or another program has the database. */
static bool write_some(struct store_queue *q)
{
	struct ls_list jobs;
	struct ls_fail fail = {0};
	size_t count;
	int r;

	if (!has_writes(q)) {
		note_unlocked(q);
		return false;
	}
	r = store_sqlite_begin(q->db, &fail);
	if (r == -EBUSY) {
		note_locked(q, &fail);
		return false;
	}
	note_unlocked(q);
	if (r < 0) {
		fail_commits(q, r, &fail);
		return true;
	}
	count = take_commits(q, q->singles > 0 ? 1 : BATCH_MAX, &jobs);
	q->singles -= q->singles > 0;
	LS_LIST_EACH (it, &jobs) {
		struct store_job *job = job_of(it);

		job->result = store_sqlite_add(q->db, commit_of(job), &job->fail);
	}
	end_commits(q, &jobs, count, &fail);
	return true;
}

/* Under the lock: the read waits for its next slice, behind a few others. Those behind it begin
 * when one of these has ended: if all had slices in turn, many long reads would all end too late.
 */
static void read_later(struct store_queue *q, struct store_job *job)
{
	struct ls_list *place = q->reads.next;

	for (int i = 1; i < READS_TOGETHER && place != &q->reads; i++)
		place = place->next;
	job->state = JOB_WAITS;
	/* Appended behind a node of a ring is in front of the node. */
	ls_list_append(place, &job->link);
	q->running--;
}

/* Reads a slice of the read whose turn it is. False: there is nothing to read, or it must wait. */
static bool read_some(struct store_queue *q)
{
	struct ls_list jobs;
	struct store_job *job = NULL;
	bool more = false, drop;
	int r;

	ls_list_init(&jobs);
	lock(q);
	if (!ls_list_empty(&q->reads)) {
		job = job_of(q->reads.next);
		ls_list_remove(&job->link);
		job->state = JOB_RUNS;
		q->running++;
		q->reading = job;
		q->drop_read = false;
	}
	unlock(q);
	if (!job)
		return false;
	r = store_sqlite_read(q->db, LS_CONTAINER(job, struct store_read, job), &more, &job->fail);
	lock(q);
	drop = q->drop_read;
	q->reading = NULL;
	if ((more || r == -EBUSY) && !drop) {
		read_later(q, job);
		unlock(q);
		if (r == -EBUSY)
			after_ms(q->on_again, RETRY_MS);
		return r != -EBUSY;
	}
	unlock(q);
	job->result = drop ? ls_fail_set(&job->fail, -ECANCELED, "nobody waits for it") : r;
	ls_list_append(&jobs, &job->link);
	give_back(q, &jobs);
	return true;
}

static void work(struct store_queue *q)
{
	bool wrote = write_some(q), read = read_some(q);

	if (wrote || read)
		event_active(q->on_again, EV_TIMEOUT, 0);
}

static void on_jobs(evutil_socket_t fd, short what, void *arg)
{
	(void)what;
	hear_ring(fd);
	work(arg);
}

static void on_again(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	work(arg);
}

static void on_probe(evutil_socket_t fd, short what, void *arg)
{
	struct store_queue *q = arg;
	struct ls_fail fail = {0};
	int r;

	(void)fd;
	(void)what;
	if (q->failure == 0 && store_sqlite_looks_well(q->db)) {
		after_ms(q->on_probe, WATCH_MS);
		return;
	}
	r = store_sqlite_probe(q->db, &fail);
	if (r != -EBUSY)
		note_unlocked(q);
	/* A short lock is no failure. */
	if (r == -EBUSY && q->failure == 0)
		after_ms(q->on_probe, PROBE_MS);
	else
		note_health(q, r, &fail);
}

/* The loop */

static void give(struct store_queue *q, struct store_job *job, bool is_commit)
{
	size_t *count = is_commit ? &q->writing : &q->reading_count;
	bool full;

	job->begin_ns = ls_now_ns();
	job->is_commit = is_commit;
	job->result = 0;
	job->fail = (struct ls_fail){0};
	lock(q);
	full = *count >= (is_commit ? STORE_COMMITS_MAX : STORE_READS_MAX);
	if (!full) {
		job->state = JOB_WAITS;
		ls_list_append(is_commit ? &q->writes : &q->reads, &job->link);
		++*count;
	}
	unlock(q);
	if (!full) {
		ring(q->jobs_fd);
		return;
	}
	job->result = ls_fail_set(&job->fail, -EBUSY, "too much waits for the storage");
	job->done(job->arg, job->result, &job->fail);
}

/* Calls done() of ended jobs until none is left or it is late. False: there are more. */
static bool deliver(struct store_queue *q, uint64_t until_ns)
{
	for (;;) {
		struct store_job *job = NULL;

		lock(q);
		if (!ls_list_empty(&q->ended)) {
			job = job_of(q->ended.next);
			ls_list_remove(&job->link);
		}
		unlock(q);
		if (!job)
			return true;
		if (job->is_commit) {
			metrics_histogram_add(&q->commits, ls_now_ns() - job->begin_ns);
			q->failures += job->result < 0;
		}
		job->done(job->arg, job->result, &job->fail);
		if (ls_now_ns() >= until_ns)
			return false;
	}
}

static void on_ended(evutil_socket_t fd, short what, void *arg)
{
	struct store_queue *q = arg;

	(void)what;
	hear_ring(fd);
	if (!deliver(q, ls_now_ns() + DELIVER_MS * LS_NS_PER_MS))
		event_active(q->on_ended, EV_READ, 0);
}

static int queue_load(struct store *store, const struct store_loader *loader, struct ls_fail *fail)
{
	return store_sqlite_load(((struct store_queue *)store)->db, loader, fail);
}

static void queue_commit(struct store *store, struct store_commit *commit)
{
	struct store_queue *q = (struct store_queue *)store;

	give(q, &commit->job, true);
}

static void queue_read(struct store *store, struct store_read *read)
{
	struct store_queue *q = (struct store_queue *)store;

	give(q, &read->job, false);
}

static bool queue_withdraw(struct store *store, struct store_job *job)
{
	struct store_queue *q = (struct store_queue *)store;
	bool waits;

	lock(q);
	waits = job->state == JOB_WAITS;
	if (waits) {
		ls_list_remove(&job->link);
		count_down(q, job);
	}
	q->drop_read = q->drop_read || q->reading == job;
	unlock(q);
	return waits;
}

static void queue_status(struct store *store, struct store_status *ret)
{
	struct store_queue *q = (struct store_queue *)store;

	*ret = (struct store_status){.commits = &q->commits, .failures = q->failures};
	lock(q);
	ret->failure = q->failure;
	ret->waiting = count_jobs(q);
	ret->transactions = q->transactions;
	unlock(q);
}

/* Takes all jobs that have not begun out of the queue and ends them. Returns the number of commits
 * among them. */
static size_t cancel_all(struct store_queue *q)
{
	struct ls_list *lists[] = {&q->writes, &q->reads};
	size_t commits = 0;

	lock(q);
	for (size_t i = 0; i < 2; i++) {
		LS_LIST_EACH_SAFE (it, tmp, lists[i]) {
			struct store_job *job = job_of(it);

			ls_list_remove(it);
			job->result = ls_fail_set(&job->fail, -ECANCELED, "the server is stopping");
			job->state = JOB_ENDED;
			ls_list_append(&q->ended, it);
			count_down(q, job);
			commits += job->is_commit;
		}
	}
	unlock(q);
	return commits;
}

/* Waits until no job waits or runs, and no longer. done() may give more jobs. */
static void finish_jobs(struct store_queue *q, unsigned limit_ms)
{
	uint64_t limit_ns = (uint64_t)limit_ms * LS_NS_PER_MS;
	struct timespec until;

	(void)clock_gettime(CLOCK_MONOTONIC, &until);
	limit_ns += (uint64_t)until.tv_sec * LS_NS_PER_S + (uint64_t)until.tv_nsec;
	until = (struct timespec){.tv_sec = (time_t)(limit_ns / LS_NS_PER_S),
	                          .tv_nsec = (long)(limit_ns % LS_NS_PER_S)};
	for (int r = 0; r == 0;) {
		(void)deliver(q, UINT64_MAX);
		lock(q);
		while (r == 0 && count_jobs(q) > 0 && ls_list_empty(&q->ended))
			r = pthread_cond_timedwait(&q->ended_some, &q->lock, &until);
		if (r == 0 && count_jobs(q) == 0 && ls_list_empty(&q->ended))
			r = 1;
		unlock(q);
	}
}

static void queue_close(struct store *store)
{
	struct store_queue *q = (struct store_queue *)store;
	size_t unwritten, stuck;

	finish_jobs(q, STORE_CLOSE_MS);
	unwritten = cancel_all(q);
	(void)deliver(q, UINT64_MAX);
	if (unwritten > 0)
		ls_error("store.unwritten", "commits=%zu waited_ms=%d", unwritten, STORE_CLOSE_MS);
	finish_jobs(q, STORE_CLOSE_END_MS);
	lock(q);
	stuck = count_jobs(q);
	unlock(q);
	if (stuck == 0)
		return;
	/* Nothing that the thread still uses can be freed. */
	ls_error("store.stuck", "jobs=%zu waited_ms=%d", stuck, STORE_CLOSE_END_MS);
	abort();
}

static const struct store_ops queue_ops = {
        .load = queue_load,
        .commit = queue_commit,
        .read = queue_read,
        .withdraw = queue_withdraw,
        .status = queue_status,
        .close = queue_close,
};

static void init_lock(struct store_queue *q)
{
	pthread_condattr_t attributes;

	if (pthread_mutex_init(&q->lock, NULL) != 0 || pthread_condattr_init(&attributes) != 0 ||
	    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC) != 0 ||
	    pthread_cond_init(&q->ended_some, &attributes) != 0)
		abort();
	(void)pthread_condattr_destroy(&attributes);
	ls_list_init(&q->writes);
	ls_list_init(&q->reads);
	ls_list_init(&q->ended);
}

static bool make_events(struct store_queue *q, struct event_base *loop, struct event_base *thread)
{
	const struct timeval watch = {.tv_sec = WATCH_MS / 1000};

	if (q->jobs_fd < 0 || q->ended_fd < 0)
		return false;
	q->on_jobs = event_new(thread, q->jobs_fd, EV_READ | EV_PERSIST, on_jobs, q);
	q->on_again = event_new(thread, -1, 0, on_again, q);
	q->on_probe = event_new(thread, -1, 0, on_probe, q);
	q->on_ended = event_new(loop, q->ended_fd, EV_READ | EV_PERSIST, on_ended, q);
	return q->on_jobs && q->on_again && q->on_probe && q->on_ended &&
	       event_add(q->on_jobs, NULL) == 0 && event_add(q->on_probe, &watch) == 0 &&
	       event_add(q->on_ended, NULL) == 0;
}

int store_queue_new(struct store_sqlite *db, struct event_base *loop, struct event_base *thread,
                    struct store_queue **ret, struct ls_fail *fail)
{
	struct store_queue *q = ls_new(struct store_queue);

	q->store.ops = &queue_ops;
	q->db = db;
	q->jobs_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	q->ended_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	init_lock(q);
	if (!make_events(q, loop, thread)) {
		store_queue_free(q);
		return ls_fail_set(fail, -ENOMEM, "cannot make the store's events");
	}
	*ret = q;
	return 0;
}

struct store *store_queue_store(struct store_queue *queue)
{
	return &queue->store;
}

void store_queue_stop(struct store_queue *q)
{
	(void)event_base_loopbreak(event_get_base(q->on_jobs));
}

void store_queue_free(struct store_queue *q)
{
	if (!q)
		return;
	struct event *events[] = {q->on_jobs, q->on_again, q->on_probe, q->on_ended};

	for (size_t i = 0; i < sizeof(events) / sizeof(events[0]); i++) {
		if (events[i])
			event_free(events[i]);
	}
	assert(count_jobs(q) == 0 && ls_list_empty(&q->ended));
	if (q->jobs_fd >= 0)
		(void)close(q->jobs_fd);
	if (q->ended_fd >= 0)
		(void)close(q->ended_fd);
	(void)pthread_cond_destroy(&q->ended_some);
	(void)pthread_mutex_destroy(&q->lock);
	store_sqlite_close(q->db);
	free(q);
}
