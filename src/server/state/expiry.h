/* SPDX-License-Identifier: Apache-2.0 */
/* Keys that come of age. */
#ifndef LS_SERVER_STATE_EXPIRY_H
#define LS_SERVER_STATE_EXPIRY_H

#include "server/state/memory.h"

/* Looks at the networks that have something to do by now. */
void state_expiry_run(struct server_state *state, int64_t now);
/* After a load. Keys may have come of age while no server ran, under the revision that clients
 * know: such a network gets a new one when state_expiry_run is called first. */
void state_expiry_catch_up(struct server_state *state, int64_t now);

#endif
