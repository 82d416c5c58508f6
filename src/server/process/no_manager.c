/* SPDX-License-Identifier: Apache-2.0 */
/* Stands in for manager.c when the server is built without libsystemd. */
#include <errno.h>
#include <stdlib.h>

#include "base/str.h"
#include "server/process/manager.h"

int process_manager_sockets(struct manager_socket ret[static MANAGER_SOCKETS_MAX],
                            size_t *ret_count, struct ls_fail *fail)
{
	(void)ret;
	*ret_count = 0;
	/* Fail: else nobody would answer connections to these sockets. */
	if (getenv("LISTEN_FDS"))
		return ls_fail_set(fail, -ENOTSUP,
		                   "a service manager passes sockets (LISTEN_FDS), but this server "
		                   "is built without libsystemd: use --listen");
	return 0;
}

bool process_manager_is_abstract(void)
{
	return false;
}

void process_manager_ready(void)
{
}

void process_manager_reloading(void)
{
}

void process_manager_stopping(void)
{
}

struct event *process_manager_watchdog(struct event_base *base)
{
	(void)base;
	return NULL;
}
