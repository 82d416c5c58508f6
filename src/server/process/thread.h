/* SPDX-License-Identifier: Apache-2.0 */
/* A thread with an event loop of its own, which the main thread starts, asks and joins. All of
 * these are called on the main thread; the work's functions run on the new one. */
#ifndef LS_SERVER_PROCESS_THREAD_H
#define LS_SERVER_PROCESS_THREAD_H

#include <event2/event.h>

#include "base/error.h"

enum {
	PROCESS_THREAD_NAME_MAX = 15 /* pthread_setname_np(3) */
};

struct process_thread_work {
	void (*reload)(void *self);
	void (*stop)(void *self); /* leads to the end of the loop */
	void *self;
};

struct process_thread;

/* Makes the loop; the thread comes later, so that what it works with can be made and may fail on
 * the main thread. The name is borrowed. */
int process_thread_new(const char *name, struct process_thread **ret,
                       struct ls_fail *fail) LS_MUST_CHECK;
struct event_base *process_thread_base(const struct process_thread *thread);
/* Returns once the thread is set up and waits at its gate: from then on it makes no system calls
 * but those of its loop. All signals are blocked in it. */
int process_thread_start(struct process_thread *thread, const struct process_thread_work *work,
                         struct ls_fail *fail) LS_MUST_CHECK;
/* Opens the gate: the loop runs. When it ends unasked, this is logged as component.failed, and the
 * process gets SIGTERM. */
void process_thread_run(struct process_thread *thread);
/* Has the work's function called on the thread; one that is stopped at its gate just ends. */
void process_thread_reload(struct process_thread *thread);
void process_thread_stop(struct process_thread *thread);
/* Asks it to stop and waits for its end. A thread that needs longer than `limit_ms` hangs: this is
 * logged as component.stuck, and the process aborts, since nothing that the thread may be using can
 * be freed. -EIO when its loop ended unasked. One that was not started is fine. */
int process_thread_end(struct process_thread *thread, int limit_ms) LS_MUST_CHECK;
/* After its end, and after what has events in its loop. NULL is fine. */
void process_thread_free(struct process_thread *thread);

#endif
