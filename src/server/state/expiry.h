/* SPDX-License-Identifier: Apache-2.0 */
/* Keys that expire: they reach the maximum age of their network. */
#ifndef LS_SERVER_STATE_EXPIRY_H
#define LS_SERVER_STATE_EXPIRY_H

#include "server/state/memory.h"

/* Decides which nodes are active in the networks where some keys are due, and begins a new
 * revision of a network where other nodes are active than clients know. */
void state_expiry_run(struct server_state *state);
/* The same in all networks: the clock was set. */
void state_expiry_decide_again(struct server_state *state);
/* Call it after a load. While no server ran, keys may have expired, or somebody may have set the
 * clock, and clients still know the revision from before: the first call of state_expiry_run gives
 * each network with a maximum key age a new one. */
void state_expiry_catch_up(struct server_state *state);

#endif
