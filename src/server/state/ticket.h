/* SPDX-License-Identifier: Apache-2.0 */
/* Giving up a change that has begun. */
#ifndef LS_SERVER_STATE_TICKET_H
#define LS_SERVER_STATE_TICKET_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

struct change;
struct server_state;

/* Goes along with the completion of a change (outcome.h). The state sets `change` while the change
 * waits or is written; NULL: there is none. The caller owns the ticket until the change has ended
 * or is withdrawn. */
struct state_ticket {
	struct change *change;
};

/* Takes back a change that has not ended. True: it never took place, and will not; its completion
 * will not be called. False: the store is at work on it, so that nobody can know yet how it ends;
 * its completion will be called. */
bool state_withdraw(struct server_state *state, struct state_ticket *ticket) LS_MUST_CHECK;

/* Changes that have not ended. */
size_t state_change_count(const struct server_state *state);

#endif
