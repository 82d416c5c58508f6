/* SPDX-License-Identifier: Apache-2.0 */
/* One background thread for jobs that may block, such as fsync(2), so that the owner's event loop
 * does not. A job owns all that it touches while the thread has it; its result comes back on the
 * owner's thread. Jobs run one after the other, in the order in which they were submitted. */
#ifndef LS_BASE_WORK_H
#define LS_BASE_WORK_H

#include <stdbool.h>

#include "base/error.h"

struct ls_work;

typedef void (*ls_work_fn)(void *job);

/* Starts the thread, which takes no signals. All functions are for the thread that calls this. */
int ls_work_new(struct ls_work **ret, struct ls_fail *fail) LS_MUST_CHECK;

/* `run` is called on the thread, then `done` by ls_work_collect on the owner's. */
void ls_work_submit(struct ls_work *work, ls_work_fn run, ls_work_fn done, void *job);

/* Readable when jobs are through: call ls_work_collect then. */
int ls_work_fd(const struct ls_work *work);
/* Calls `done` of the jobs that are through. It may submit others. */
void ls_work_collect(struct ls_work *work);

/* Waits until all jobs are through and collected, but not for longer than wait_ms; then ends the
 * thread. False: a job still runs. The thread ends after that job, whose memory and that of those
 * behind it stays allocated: the program is expected to end. NULL is fine. */
bool ls_work_free(struct ls_work *work, unsigned wait_ms);

#endif
