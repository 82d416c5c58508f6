/* SPDX-License-Identifier: Apache-2.0 */
/* The service manager that started the server, where one did and speaks systemd's protocols:
 * sockets that it opened (sd_listen_fds(3)), and what it is told (sd_notify(3)). Built without
 * libsystemd, or started by hand, there is none, and telling it something does nothing. */
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
	int fd; /* close-on-exec; the caller's */
	char name[MANAGER_NAME_LEN + 1];
};

/* The sockets that were passed; each is a listening TCP socket, or the call fails. *ret_count is
 * right also then: the descriptors are the caller's in any case. */
int process_manager_sockets(struct manager_socket ret[static MANAGER_SOCKETS_MAX],
                            size_t *ret_count, struct ls_fail *fail) LS_MUST_CHECK;

/* Whether it is told over an abstract Unix socket, which a sandbox has to leave open. */
bool process_manager_is_abstract(void);

void process_manager_ready(void);
void process_manager_reloading(void);
void process_manager_stopping(void);

/* Tells the manager from the loop that it turns, as often as it wants to hear it (WatchdogSec=).
 * NULL when it does not; event_free() ends it. */
struct event *process_manager_watchdog(struct event_base *base);

#endif
