/* SPDX-License-Identifier: Apache-2.0 */
/* A file that has this process's id and stays locked (flock(2)) as long as the process lives: used
 * as pid file and as the lock of a profile. A file that is not locked is stale, and is taken
 * over. */
#ifndef LS_AGENT_LOCKFILE_H
#define LS_AGENT_LOCKFILE_H

#include <stdbool.h>

#include "base/error.h"

struct lockfile {
	char *path; /* NULL: nothing is held */
	int fd;
	bool foreign; /* an existing file that is only locked, and stays */
};

/* Takes the lock. A new file appears with its content and already locked. -EBUSY when another
 * process holds it; `fail` then names that process. */
int agent_lockfile_take(struct lockfile *lock, const char *path,
                        struct ls_fail *fail) LS_MUST_CHECK;
/* Locks a file that is there already, without writing to it: for a directory that cannot be
 * written. -EBUSY when another process has locked it. */
int agent_lockfile_share(struct lockfile *lock, const char *path,
                         struct ls_fail *fail) LS_MUST_CHECK;
/* True when `code` of agent_lockfile_take says that the directory cannot be written. */
bool agent_lockfile_is_read_only(int code);
/* True when a process holds the lock. Takes a shared lock for a moment to find out. */
bool agent_lockfile_is_held(const char *path);
/* Removes the file unless it was there before. A lock that is zero-initialised or already dropped
 * is fine. */
void agent_lockfile_drop(struct lockfile *lock);

#endif
