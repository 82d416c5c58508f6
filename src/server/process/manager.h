/* SPDX-License-Identifier: Apache-2.0 */
/* The service manager that started the server, if it speaks systemd's protocols: it can pass
 * sockets (sd_listen_fds(3)), and the server reports its state to it (sd_notify(3)). When the
 * server is built without libsystemd, or nobody listens, these reports do nothing. */
#ifndef LS_SERVER_PROCESS_MANAGER_H
#define LS_SERVER_PROCESS_MANAGER_H

#include <event2/event.h>
#include <stdbool.h>

#include "base/error.h"

enum {
	MANAGER_SOCKETS_MAX = 16,
	MANAGER_NAME_LEN = 255, /* systemd.socket(5), FileDescriptorName= */
};

struct manager_socket {
	int fd; /* close-on-exec; the caller closes it */
	char name[MANAGER_NAME_LEN + 1];
};

/* Gives the sockets that the manager passed. Fails when one of them is not a listening TCP socket,
 * or when there are too many. *ret_count is set also then: the caller owns those descriptors in any
 * case. */
int process_manager_sockets(struct manager_socket ret[static MANAGER_SOCKETS_MAX],
                            size_t *ret_count, struct ls_fail *fail) LS_MUST_CHECK;

/* True when reports go to an abstract Unix socket; the sandbox must then allow such sockets. */
bool process_manager_is_abstract(void);

void process_manager_ready(void);
void process_manager_reloading(void);
void process_manager_stopping(void);

/* Sends watchdog keep-alives from the loop, twice per WatchdogSec=; systemd restarts a hung server.
 * NULL when the manager wants none. The caller ends them with event_free(). */
struct event *process_manager_watchdog(struct event_base *base);

#endif
