/* SPDX-License-Identifier: Apache-2.0 */
/* The lock of a profile, held as long as an agent or wg-up runs with it: two would overwrite each
 * other's state file. It is on state.json.lock, or on state.json itself where the directory cannot
 * be written. */
#ifndef LS_AGENT_GUARD_H
#define LS_AGENT_GUARD_H

#include <stdbool.h>

#include "agent/lockfile.h"

/* Takes the lock of the profile with that state file, which must be there. -EBUSY when another
 * process runs with the profile. */
int agent_guard_take(struct lockfile *guard, const char *state_path, const char *profile,
                     struct ls_fail *fail) LS_MUST_CHECK;
/* True when a process runs with the profile. */
bool agent_guard_is_held(const char *state_path);

#endif
