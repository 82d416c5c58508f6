/* SPDX-License-Identifier: Apache-2.0 */
/* A thread with its own event loop. The main thread starts it, sends it requests and joins it. Call
 * all functions here on the main thread; the functions of the work run on the new thread. */
#ifndef LS_SERVER_PROCESS_THREAD_H
#define LS_SERVER_PROCESS_THREAD_H

#include <event2/event.h>

#include "base/error.h"

enum {
	PROCESS_THREAD_NAME_MAX = 15 /* pthread_setname_np(3) */
};

struct process_thread_work {
	void (*reload)(void *self);
	void (*stop)(void *self); /* must lead to the end of the loop */
	void *self;
};

struct process_thread;

/* Makes the loop, but not the thread yet: the caller first makes what will use the loop, on the
 * main thread, where a failure is easy to report. The name is borrowed. */
int process_thread_new(const char *name, struct process_thread **ret,
                       struct ls_fail *fail) LS_MUST_CHECK;
struct event_base *process_thread_base(const struct process_thread *thread);
/* Makes the thread; returns when it is set up and waits for process_thread_run(). From then on it
 * makes only the system calls of its loop. It has all signals blocked. */
int process_thread_start(struct process_thread *thread, const struct process_thread_work *work,
                         struct ls_fail *fail) LS_MUST_CHECK;
/* Lets the loop run. When it ends unasked, the thread logs component.failed and sends the main
 * thread SIGTERM. */
void process_thread_run(struct process_thread *thread);
/* These ask the thread to call reload() or stop() of its work. A thread that is stopped before
 * process_thread_run() ends without calling stop(). */
void process_thread_reload(struct process_thread *thread);
void process_thread_stop(struct process_thread *thread);
/* Asks the thread to stop and waits for its end; does nothing if it was not started. When it takes
 * longer than `limit_ms`, this logs component.stuck and aborts the process, since nothing that the
 * thread may still use can be freed. -EIO when its loop ended unasked. */
int process_thread_end(struct process_thread *thread, int limit_ms) LS_MUST_CHECK;
/* Call it after the thread has ended, and after everything that has events in its loop is freed.
 * NULL is fine. */
void process_thread_free(struct process_thread *thread);

#endif
