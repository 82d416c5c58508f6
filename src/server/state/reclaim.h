/* SPDX-License-Identifier: Apache-2.0 */
/* Makes room for new nodes by removing requests to join that expired unapproved. */
#ifndef LS_SERVER_STATE_RECLAIM_H
#define LS_SERVER_STATE_RECLAIM_H

#include "server/state/memory.h"
#include "server/state/objects.h"

/* Whether as many nodes wait for approval as may; strangers get no more. */
bool state_pending_is_full(const struct network *network);
/* Removes requests to join that expired unapproved, where they stand in the way of a new
 * node: the holder of its name, the holder of its key, and one when the network is full. */
int state_reclaim_for(struct server_state *state, struct network *network, const char *name,
                      const struct wg_public_key *key, int64_t now,
                      struct ls_fail *fail) LS_MUST_CHECK;

#endif
