/* SPDX-License-Identifier: Apache-2.0 */
/* Keeps the names of the last plan in a hosts file: writes them when the plan changes, when another
 * program has taken them out, and again after a failure. Writing, with fsync(2) and the wait for
 * the file's lock, runs on a thread of its own. Event loop's thread only. */
#ifndef LS_AGENT_NAMES_H
#define LS_AGENT_NAMES_H

#include "base/error.h"
#include "plan/plan.h"

struct event_base;
struct names;

/* Copies path and profile. */
int agent_names_open(struct event_base *base, const char *path, const char *profile,
                     struct names **ret, struct ls_fail *fail) LS_MUST_CHECK;
/* Waits a moment for a running write; the names stay in the file. NULL is fine. */
void agent_names_close(struct names *names);

/* The names of this plan are wanted from now on. */
void agent_names_set(struct names *names, const struct plan *plan);

#endif
