/* SPDX-License-Identifier: Apache-2.0 */
/* Keys that expire: they reach the maximum age of their network. */
#ifndef LS_SERVER_STATE_EXPIRY_H
#define LS_SERVER_STATE_EXPIRY_H

#include "server/state/memory.h"

/* Expires keys in the networks where some are due by `now`, and begins a new revision there. */
void state_expiry_run(struct server_state *state, int64_t now);
/* Call it after a load. Keys may have expired while no server ran, and clients still know the
 * revision from before: the first call of state_expiry_run gives such a network a new one. */
void state_expiry_catch_up(struct server_state *state, int64_t now);

#endif
