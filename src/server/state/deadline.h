/* SPDX-License-Identifier: Apache-2.0 */
/* When time alone will change something next. */
#ifndef LS_SERVER_STATE_DEADLINE_H
#define LS_SERVER_STATE_DEADLINE_H

#include <stdint.h>

struct server_state;

/* No constant of an enum: that would make its other ones as wide, and unsigned, from C23 on. */
#define STATE_NEVER INT64_MAX

/* When to call state_tick at the latest; STATE_NEVER when nothing is due. */
int64_t state_deadline(const struct server_state *state);
/* For state/ itself: tells the watchers of another deadline than they know. */
void state_deadline_tell(struct server_state *state);

#endif
