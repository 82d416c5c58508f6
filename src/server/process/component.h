/* SPDX-License-Identifier: Apache-2.0 */
/* The server consists of components; the table in server/run.c has one row for each. A component
 * serves sockets on an event loop: the main loop, or the loop of its own thread. Components start
 * in the order of the table and end in the reverse order, so a component may use those before it.
 */
#ifndef LS_SERVER_PROCESS_COMPONENT_H
#define LS_SERVER_PROCESS_COMPONENT_H

#include <event2/event.h>
#include <stdbool.h>
#include <stdint.h>

#include "server/process/sockets.h"

/* What a component gets when it starts. */
struct component_start {
	struct event_base *base;        /* its loop */
	struct server_sockets *sockets; /* the ones that it serves; it sets fd = -1 to take one */
	void *context;                  /* from the caller of process_components_start */
};

struct component {
	const char *name; /* also names its thread: at most PROCESS_THREAD_NAME_MAX characters */
	uint32_t sockets; /* the kinds that it serves: 1U << enum socket_use, or-ed */
	bool has_thread;  /* false: it runs on the main loop, which at most one component does */
	/* Names of the system calls that it makes while it runs, beyond those that every event loop
	 * needs (sandbox.c); ends with NULL. The sandbox then allows them to all threads. */
	const char *const *calls;
	/* Called on the main thread, before the sandbox filters system calls. */
	int (*start)(const struct component_start *start, void **ret_self, struct ls_fail *fail);
	/* Called in its loop: reads again what may change while it runs. */
	void (*reload)(void *self);
	/* Called once, in its loop: finishes the work in progress, then breaks the loop. */
	void (*stop)(void *self);
	/* Called on the main thread, after its loop has ended. */
	void (*free)(void *self);
};

struct components;

/* Starts all components. Each gets the context of `with`, the sockets that it serves, and a base:
 * that of `with`, or that of its thread. The threads exist afterwards and wait. When one component
 * fails, the ones started before it are ended again. The rows are borrowed. */
int process_components_start(const struct component *rows, size_t count,
                             const struct component_start *with, struct components **ret,
                             struct ls_fail *fail) LS_MUST_CHECK;
/* Lets the threads run their loops: from now on they read what others send. */
void process_components_run(struct components *components);
void process_components_reload(struct components *components);
/* Asks the component on the main loop and all components after it to stop. It may still use those
 * before it: process_components_free stops them. */
void process_components_stop(struct components *components);
/* Ends and frees all components, the last one first. Call it after the main loop has ended. NULL is
 * fine. A thread that does not end within PROCESS_COMPONENT_END_MS aborts the process. -EIO when
 * the loop of a component ended before it was asked to stop. */
int process_components_free(struct components *components);

enum {
	PROCESS_COMPONENT_END_MS = 10000
};

#endif
