/* SPDX-License-Identifier: Apache-2.0 */
/* Where the server is built without libsystemd. */
#include <errno.h>
#include <stdlib.h>

#include "base/str.h"
#include "server/process/manager.h"

int manager_sockets(struct manager_socket ret[static MANAGER_SOCKETS_MAX], size_t *ret_count,
                    struct ls_fail *fail)
{
	(void)ret;
	*ret_count = 0;
	/* Not a word would leave its sockets unanswered. */
	if (getenv("LISTEN_FDS"))
		return ls_fail_set(fail, -ENOTSUP,
		                   "a service manager passes sockets (LISTEN_FDS), but this server "
		                   "is built without libsystemd: use --listen");
	return 0;
}

void manager_ready(void)
{
}

void manager_reloading(void)
{
}

void manager_stopping(void)
{
}

struct event *manager_watchdog(struct event_base *base)
{
	(void)base;
	return NULL;
}
