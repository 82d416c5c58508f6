/* SPDX-License-Identifier: Apache-2.0 */
/* A file that has this process's id and stays locked (flock(2)) as long as the process lives: used
 * as pid file and as the lock of a profile. A file that is not locked is stale, and is taken
 * over. */
#ifndef LS_AGENT_LOCKFILE_H
#define LS_AGENT_LOCKFILE_H

#include "base/error.h"

struct lockfile {
	char *path; /* NULL: nothing is held */
	int fd;
};

/* Takes the lock. A new file appears with its content and already locked. -EBUSY when another
 * process holds it; `fail` then names that process. */
int agent_lockfile_take(struct lockfile *lock, const char *path,
                        struct ls_fail *fail) LS_MUST_CHECK;
/* Removes the file. A lock that is zero-initialised or already dropped is fine. */
void agent_lockfile_drop(struct lockfile *lock);

#endif
