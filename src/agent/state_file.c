/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/state_file.h"

#include <assert.h>
#include <errno.h>
#include <event2/event.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/work.h"

enum {
	CLOSE_WAIT_MS = 3000,
};

/* Identifies a version of the file: every writer replaces the file by a new one. */
struct version {
	dev_t device;
	ino_t inode;
	off_t size;
	struct timespec modified;
};

/* The thread owns a job until it has run it. */
struct job {
	struct state_file *file; /* not for the thread */
	char *path;
	char *node_id; /* of the version that the agent has read */
	char *text;    /* NULL: only read */
	size_t len;
	struct version known;
	struct version refused;
	struct ls_fail fail; /* in: why `refused` was refused; out: the job's failure */
	/* Results. */
	int code;
	struct version found;
	bool damaged;             /* `found` must be neither used nor replaced */
	struct node_state *fresh; /* read when the file is not `known` */
};

struct state_file {
	char *path;
	char *node_id;
	struct state_file_handler handler;
	struct ls_work *work;
	struct event *event;
	struct version known;   /* the version that the agent has read or written */
	struct version refused; /* a version that does not parse, or that the handler refused */
	struct ls_fail refusal;
	bool saving;
	bool reading;
};

static int get_version(const char *path, struct version *ret, struct ls_fail *fail)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return ls_fail_set(fail, -errno, "cannot read %s: %s", path, strerror(errno));
	*ret = (struct version){.device = st.st_dev,
	                        .inode = st.st_ino,
	                        .size = st.st_size,
	                        .modified = st.st_mtim};
	return 0;
}

static bool same_version(const struct version *a, const struct version *b)
{
	return a->device == b->device && a->inode == b->inode && a->size == b->size &&
	       a->modified.tv_sec == b->modified.tv_sec &&
	       a->modified.tv_nsec == b->modified.tv_nsec;
}

/* Reads the fields alone, but all of another node's state. */
static int load(struct job *job)
{
	int r = profile_state_load_fields(job->path, &job->fresh, &job->fail);

	if (r < 0 || ls_streq(job->fresh->node_id, job->node_id))
		return r;
	profile_state_free(LS_STEAL(job->fresh));
	return profile_state_load(job->path, &job->fresh, &job->fail);
}

/* Runs on the thread. Gets the version before it reads: a change in between is noticed next
 * time. */
static int run(struct job *job)
{
	struct ls_fail *fail = &job->fail;
	LS_CLOSE int lock = -1;
	int r = job->text ? profile_state_lock(job->path, false, &lock, fail) : 0;

	if (r == 0)
		r = get_version(job->path, &job->found, fail);
	if (r < 0)
		return r;
	if (same_version(&job->found, &job->refused))
		return fail->code;
	if (!same_version(&job->found, &job->known)) {
		r = load(job);
		job->damaged =
		        r <=
		        LS_ERROR_SYNTAX; /* -errno is an error of the system, not of the file */
		return r < 0 || !job->text ? r : -ESTALE;
	}
	if (!job->text)
		return 0;
	r = profile_state_write(job->path, job->text, job->len, fail);
	return r < 0 ? r : get_version(job->path, &job->found, fail);
}

static void run_job(void *arg)
{
	struct job *job = arg;

	job->code = run(job);
}

static void free_job(struct job *job)
{
	if (job->text)
		profile_state_free_text(job->text, job->len);
	profile_state_free(job->fresh);
	free(job->path);
	free(job->node_id);
	free(job);
}

static void job_done(void *arg)
{
	struct job *job = arg;
	struct state_file *file = job->file;
	int r = job->code;

	if (job->text)
		file->saving = false;
	else
		file->reading = false;
	if (job->fresh) {
		char *node_id = ls_strdup(job->fresh->node_id);
		int refused =
		        file->handler.changed(file->handler.arg, LS_STEAL(job->fresh), &job->fail);

		if (refused == 0) {
			free(file->node_id);
			file->node_id = LS_STEAL(node_id);
		}
		free(node_id);
		job->damaged = refused < 0;
		r = refused < 0 ? refused : r;
	}
	if (job->damaged) {
		file->refused = job->found;
		file->refusal = job->fail;
	} else if (r == 0 || r == -ESTALE) {
		file->known = job->found;
	}
	if (job->text)
		file->handler.saved(file->handler.arg, r, r < 0 ? LS_STEAL(job->text) : NULL,
		                    job->len, &job->fail);
	else if (r < 0)
		ls_debug("state.not_read", "error=\"%s\"", job->fail.text);
	free_job(job);
}

static void submit(struct state_file *file, char *text, size_t len)
{
	struct job *job = ls_new(struct job);

	job->file = file;
	job->path = ls_strdup(file->path);
	job->node_id = ls_strdup(file->node_id);
	job->text = text;
	job->len = len;
	job->known = file->known;
	job->refused = file->refused;
	job->fail = file->refusal;
	ls_work_submit(file->work, run_job, job_done, job);
}

void agent_state_file_save(struct state_file *file, char *text, size_t len)
{
	assert(!file->saving);
	file->saving = true;
	submit(file, text, len);
}

bool agent_state_file_is_saving(const struct state_file *file)
{
	return file->saving;
}

void agent_state_file_look(struct state_file *file)
{
	struct version now = {0};

	/* A running save reads a newer version, too. */
	if (file->saving || file->reading || get_version(file->path, &now, NULL) < 0 ||
	    same_version(&now, &file->known) || same_version(&now, &file->refused))
		return;
	file->reading = true;
	submit(file, NULL, 0);
}

static void on_work(evutil_socket_t fd, short what, void *arg)
{
	struct state_file *file = arg;

	(void)fd;
	(void)what;
	ls_work_collect(file->work);
}

static int start_work(struct state_file *file, struct event_base *base, struct ls_fail *fail)
{
	int r = ls_work_new(&file->work, fail);

	if (r < 0)
		return r;
	file->event = event_new(base, ls_work_fd(file->work), EV_READ | EV_PERSIST, on_work, file);
	if (!file->event || event_add(file->event, NULL) < 0)
		return ls_fail_set(fail, -ENOMEM, "cannot watch the state file's thread");
	return 0;
}

int agent_state_file_open(struct event_base *base, const char *path,
                          const struct state_file_handler *handler, struct state_file **ret,
                          struct node_state **ret_state, struct ls_fail *fail)
{
	struct state_file *file = ls_new(struct state_file);
	struct node_state *state = NULL;
	int r;

	file->path = ls_strdup(path);
	file->handler = *handler;
	/* The load below reports a missing file. */
	(void)get_version(path, &file->known, NULL);
	r = profile_state_load(path, &state, fail);
	if (r == 0)
		r = start_work(file, base, fail);
	if (r < 0) {
		profile_state_free(state);
		agent_state_file_close(file);
		return r;
	}
	file->node_id = ls_strdup(state->node_id);
	*ret = file;
	*ret_state = state;
	return 0;
}

void agent_state_file_close(struct state_file *file)
{
	if (!file)
		return;
	if (file->event)
		event_free(file->event);
	if (!ls_work_free(file->work, CLOSE_WAIT_MS))
		ls_warn("state.not_saved", "error=\"%s: the disk does not answer\"", file->path);
	free(file->path);
	free(file->node_id);
	free(file);
}
