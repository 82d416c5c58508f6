/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/names.h"

#include <errno.h>
#include <event2/event.h>
#include <stdlib.h>

#include "apply/hosts_file.h"
#include "apply/hosts_watch.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/once.h"
#include "base/str.h"
#include "base/work.h"

enum {
	SETTLE_MS = 200,         /* after a change by another program, which may make several */
	REWRITE_EVERY_MS = 2000, /* when another program does not stop */
	RETRY_FIRST_MS = 2000,
	RETRY_CAP_MS = 60000,
	CLOSE_WAIT_MS = 3000,
};

struct names {
	char *path;
	char *profile;
	char *lines;                     /* NULL: no plan yet */
	struct apply_hosts_watch *watch; /* NULL: it cannot be watched */
	struct ls_work *work;
	struct event *watch_event;
	struct event *work_event;
	struct event *timer; /* the next write */
	bool writing;
	bool again;                       /* write once more when the running write has ended */
	bool repairs;                     /* the next write is because of another program */
	uint64_t tried_ns;                /* end of the last write */
	unsigned retry_ms;                /* 0: the last write has not failed */
	struct ls_ratelimit repair_limit; /* for the log: two programs may fight over the file */
	struct ls_once said;
};

/* The thread owns a job until it has run it. */
struct job {
	struct names *names; /* not for the thread */
	char *path;
	char *profile;
	char *lines;
	bool repairs;
	int code;
	bool changed;
	struct ls_fail fail;
};

static void schedule(struct names *names, unsigned ms)
{
	const struct timeval wait = {.tv_sec = (time_t)(ms / 1000),
	                             .tv_usec = (suseconds_t)(ms % 1000 * 1000)};

	(void)event_add(names->timer, &wait);
}

static void free_job(struct job *job)
{
	free(job->path);
	free(job->profile);
	free(job->lines);
	free(job);
}

/* Runs on the thread. */
static void run_job(void *arg)
{
	struct job *job = arg;

	job->code = apply_hosts_file_put(job->path, job->profile, job->lines, &job->changed,
	                                 &job->fail);
}

static void note_failed(struct names *names, const struct ls_fail *fail)
{
	names->retry_ms = names->retry_ms == 0 ? RETRY_FIRST_MS : 2 * names->retry_ms;
	if (names->retry_ms > RETRY_CAP_MS)
		names->retry_ms = RETRY_CAP_MS;
	if (ls_once_news_text(&names->said, fail->text))
		ls_warn("agent.hosts_failed", "error=\"%s\"", fail->text);
	schedule(names, names->retry_ms);
}

static void note_written(struct names *names, const struct job *job)
{
	bool failed_before = names->retry_ms != 0;
	enum ls_log_level level = LS_LOG_INFO;

	names->retry_ms = 0;
	(void)ls_once_news_text(&names->said, NULL);
	if (!failed_before && !(job->repairs && job->changed))
		return;
	if (!failed_before && !ls_ratelimit_pass(&names->repair_limit, names->tried_ns))
		level = LS_LOG_DEBUG;
	ls_log(level, "agent.hosts_written", "path=%s reason=\"%s\"", names->path,
	       failed_before ? "it can be written again" : "another program has changed the file");
}

static void write_names(struct names *names);

static void job_done(void *arg)
{
	struct job *job = arg;
	struct names *names = job->names;

	names->writing = false;
	names->tried_ns = ls_now_ns();
	if (job->code < 0)
		note_failed(names, &job->fail);
	else
		note_written(names, job);
	free_job(job);
	if (names->again)
		write_names(names);
}

static void write_names(struct names *names)
{
	struct job *job;

	names->again = names->writing;
	if (names->writing || !names->lines)
		return;
	(void)event_del(names->timer);
	job = ls_new(struct job);
	job->names = names;
	job->path = ls_strdup(names->path);
	job->profile = ls_strdup(names->profile);
	job->lines = ls_strdup(names->lines);
	job->repairs = names->repairs;
	names->repairs = false;
	names->writing = true;
	ls_work_submit(names->work, run_job, job_done, job);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	write_names(arg);
}

static void on_work(evutil_socket_t fd, short what, void *arg)
{
	struct names *names = arg;

	(void)fd;
	(void)what;
	ls_work_collect(names->work);
}

/* A write of our own comes back here, too; the next one then finds nothing to do. */
static void on_watch(evutil_socket_t fd, short what, void *arg)
{
	struct names *names = arg;
	uint64_t since_ms = (ls_now_ns() - names->tried_ns) / LS_NS_PER_MS;
	unsigned wait = SETTLE_MS;

	(void)fd;
	(void)what;
	if (!apply_hosts_watch_read(names->watch))
		return;
	if (since_ms + SETTLE_MS < REWRITE_EVERY_MS)
		wait = REWRITE_EVERY_MS - (unsigned)since_ms;
	names->repairs = true;
	if (!event_pending(names->timer, EV_TIMEOUT, NULL) || names->retry_ms != 0)
		schedule(names, wait);
}

static int watch_file(struct names *names, struct event_base *base)
{
	struct ls_fail fail;

	/* Without a watch, names are still written when the plan changes. */
	if (apply_hosts_watch_open(names->path, &names->watch, &fail) < 0) {
		ls_warn("agent.hosts_failed", "error=\"%s\"", fail.text);
		return 0;
	}
	names->watch_event = event_new(base, apply_hosts_watch_fd(names->watch),
	                               EV_READ | EV_PERSIST, on_watch, names);
	return names->watch_event && event_add(names->watch_event, NULL) == 0 ? 0 : -ENOMEM;
}

int agent_names_open(struct event_base *base, const char *path, const char *profile,
                     struct names **ret, struct ls_fail *fail)
{
	struct names *names = ls_new(struct names);
	int r = ls_work_new(&names->work, fail);

	names->repair_limit = (struct ls_ratelimit)LS_RATELIMIT_INIT(5, 600 * LS_NS_PER_S);
	names->path = ls_strdup(path);
	names->profile = ls_strdup(profile);
	if (r < 0) {
		agent_names_close(names);
		return r;
	}
	names->timer = event_new(base, -1, 0, on_timer, names);
	names->work_event =
	        event_new(base, ls_work_fd(names->work), EV_READ | EV_PERSIST, on_work, names);
	if (!names->timer || !names->work_event || event_add(names->work_event, NULL) < 0 ||
	    watch_file(names, base) < 0) {
		agent_names_close(names);
		return ls_fail_set(fail, -ENOMEM, "cannot watch %s", path);
	}
	*ret = names;
	return 0;
}

static void free_event(struct event *event)
{
	if (event)
		event_free(event);
}

void agent_names_close(struct names *names)
{
	if (!names)
		return;
	free(names->lines); /* so that no other write begins */
	names->lines = NULL;
	free_event(names->watch_event);
	apply_hosts_watch_close(names->watch);
	if (!ls_work_free(names->work, CLOSE_WAIT_MS))
		ls_warn("agent.hosts_failed", "error=\"%s: the disk does not answer\"",
		        names->path);
	free_event(names->work_event);
	free_event(names->timer);
	free(names->path);
	free(names->profile);
	free(names);
}

void agent_names_set(struct names *names, const struct plan *plan)
{
	struct ls_buf text LS_CLEANUP(ls_buf_done) = {0};

	apply_hosts_file_lines(plan, &text);
	if (!ls_buf_text(&text))
		return; /* out of memory: the old names stay */
	free(names->lines);
	names->lines = ls_strdup(ls_buf_text(&text));
	names->repairs = false;
	write_names(names);
}
