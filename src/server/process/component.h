/* SPDX-License-Identifier: Apache-2.0 */
/* The parts that the server is made of: rows of the table in server/run.c. A component has sockets
 * and an event loop: the main one, or one on a thread of its own. They are started in the order of
 * the table and ended in the reverse one, so a component may use those before it. */
#ifndef LS_SERVER_PROCESS_COMPONENT_H
#define LS_SERVER_PROCESS_COMPONENT_H

#include <event2/event.h>
#include <stdbool.h>
#include <stdint.h>

#include "server/process/sockets.h"

/* What a component is started with. */
struct component_start {
	struct event_base *base;        /* its loop */
	struct server_sockets *sockets; /* those that it serves, to be taken over one by one */
	void *context;                  /* the caller's of process_components_start */
};

struct component {
	const char *name; /* of its thread, too: at most PROCESS_THREAD_NAME_MAX characters */
	uint32_t sockets; /* what it serves: 1U << enum socket_use, or-ed */
	bool has_thread;  /* one without is on the main loop; there is one of these at most */
	/* By name, ended by NULL: the system calls that it makes once it runs, beyond those of an
	 * event loop (sandbox.c). They are allowed to all threads. */
	const char *const *calls;
	/* On the main thread, before the sandbox's filter. */
	int (*start)(const struct component_start *start, void **ret_self, struct ls_fail *fail);
	/* In its loop: reads anew what may change while it runs. */
	void (*reload)(void *self);
	/* In its loop, once: finishes what is under way, then breaks its loop. */
	void (*stop)(void *self);
	/* On the main thread, after the end of its loop. */
	void (*free)(void *self);
};

struct components;

/* Each start gets `with`, but for the base when it has a thread, and of the sockets those that it
 * serves. When one fails, those before it are ended again. The rows are borrowed. Threads are made,
 * and wait. */
int process_components_start(const struct component *rows, size_t count,
                             const struct component_start *with, struct components **ret,
                             struct ls_fail *fail) LS_MUST_CHECK;
/* Lets the loops of the threads run: from now on they read what others send. */
void process_components_run(struct components *components);
void process_components_reload(struct components *components);
/* Asks the component on the main loop to stop, and those after it. Those before it are still there
 * for it: they are asked by process_components_free. */
void process_components_stop(struct components *components);
/* After the end of the main loop: ends and frees all, the last one first. NULL is fine. A thread
 * that does not end within PROCESS_COMPONENT_END_MS aborts the process. -EIO when the loop of one
 * ended before it was asked to stop. */
int process_components_free(struct components *components);

enum {
	PROCESS_COMPONENT_END_MS = 10000
};

#endif
