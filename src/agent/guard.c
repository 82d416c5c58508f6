/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/guard.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/mem.h"

static char *lock_path(const char *state_path)
{
	size_t size = strlen(state_path) + sizeof(".lock");
	char *path = ls_new_bytes(size);

	(void)snprintf(path, size, "%s.lock", state_path);
	return path;
}

int agent_guard_take(struct lockfile *guard, const char *state_path, const char *profile,
                     struct ls_fail *fail)
{
	LS_FREE char *path = lock_path(state_path);
	int r = agent_lockfile_take(guard, path, fail);

	if (agent_lockfile_is_read_only(r)) {
		ls_warn("state.read_only",
		        "error=\"%s; what this run learns is not kept for the next one\"",
		        fail->text);
		r = agent_lockfile_share(guard, state_path, fail);
	}
	return r == -EBUSY ? ls_fail_prefix(fail, "profile %s is in use by another agent", profile)
	                   : r;
}

bool agent_guard_is_held(const char *state_path)
{
	LS_FREE char *path = lock_path(state_path);

	return agent_lockfile_is_held(path) || agent_lockfile_is_held(state_path);
}
