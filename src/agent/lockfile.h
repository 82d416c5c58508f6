/* SPDX-License-Identifier: Apache-2.0 */
/* A file with this process's id that is locked (flock(2)) for as long as the process lives: pid
 * files, and the guard of a profile. A file without its lock is stale and taken over. */
#ifndef LS_AGENT_LOCKFILE_H
#define LS_AGENT_LOCKFILE_H

#include "base/error.h"

struct lockfile {
	char *path; /* NULL: nothing is held */
	int fd;
};

/* A new file appears with its content and its lock at once. -EBUSY when another process holds it;
 * `fail` then names that process. */
int agent_lockfile_take(struct lockfile *lock, const char *path,
                        struct ls_fail *fail) LS_MUST_CHECK;
/* Removes the file. Zero-initialised or already dropped is fine. */
void agent_lockfile_drop(struct lockfile *lock);

#endif
