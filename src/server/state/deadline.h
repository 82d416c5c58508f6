/* SPDX-License-Identifier: Apache-2.0 */
/* The next time at which the state changes without a request. */
#ifndef LS_SERVER_STATE_DEADLINE_H
#define LS_SERVER_STATE_DEADLINE_H

#include <stdint.h>

struct server_state;

/* Not an enum constant: from C23 on, that would make the whole enum as wide as this value. */
#define STATE_NEVER INT64_MAX

/* The latest time to call state_tick, as Unix time; STATE_NEVER when nothing is due. */
int64_t state_deadline(const struct server_state *state);
/* When expired requests to join are deleted (reclaim.h); STATE_NEVER when none waits. */
int64_t state_sweep_deadline(const struct server_state *state);
/* Only for state/: tells the watchers when the deadline has changed. */
void state_deadline_tell(struct server_state *state);

#endif
