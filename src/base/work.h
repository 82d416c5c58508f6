/* SPDX-License-Identifier: Apache-2.0 */
/* One background thread for jobs that may block, such as fsync(2), so that the owner's event loop
 * never blocks. While the thread runs a job, the job owns everything that it touches; its result is
 * delivered on the owner's thread. Jobs run one after the other, in the order in which they were
 * submitted. */
#ifndef LS_BASE_WORK_H
#define LS_BASE_WORK_H

#include <stdbool.h>

#include "base/error.h"

struct ls_work;

typedef void (*ls_work_fn)(void *job);

/* Starts the thread, which blocks all signals. Only the calling thread, the owner, may use the
 * functions of this header. */
int ls_work_new(struct ls_work **ret, struct ls_fail *fail) LS_MUST_CHECK;

/* The background thread calls run(job); later ls_work_collect calls done(job) on the owner's
 * thread. */
void ls_work_submit(struct ls_work *work, ls_work_fn run, ls_work_fn done, void *job);

/* A descriptor that is readable when jobs have finished; call ls_work_collect then. */
int ls_work_fd(const struct ls_work *work);
/* Calls `done` for all finished jobs. `done` may submit others. */
void ls_work_collect(struct ls_work *work);

/* Waits until all jobs have finished and were collected, but at most wait_ms; then ends the thread.
 * False: a job still runs. The thread ends after that job; the memory of that job and of the jobs
 * after it is not freed: the program should exit. NULL is fine. */
bool ls_work_free(struct ls_work *work, unsigned wait_ms);

#endif
