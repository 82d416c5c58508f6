/* SPDX-License-Identifier: Apache-2.0 */
/* Makes room for new nodes by removing requests to join that expired unapproved. */
#ifndef LS_SERVER_STATE_RECLAIM_H
#define LS_SERVER_STATE_RECLAIM_H

#include "server/state/change.h"

enum {
	/* Nodes of one network that wait for approval; never more than half of its addresses. */
	STATE_PENDING_MAX = 1000,
};

/* Whether as many nodes of the network wait for approval as may, apart from those that the change
 * reclaims; strangers get no more. */
bool state_pending_is_full(const struct change *c);
/* For a check: has the change delete requests to join that expired unapproved, where they stand in
 * the way of a new node: the holder of its name, the holder of its key, and one when the network is
 * full. */
void state_reclaim_for(struct change *c, const char *name, const struct wg_public_key *key);
/* For apply(): takes them out of memory. */
void state_reclaim_apply(struct change *c);

#endif
