/* SPDX-License-Identifier: Apache-2.0 */
/* Makes room for new nodes: deletes requests to join that nobody approved before they expired. */
#ifndef LS_SERVER_STATE_RECLAIM_H
#define LS_SERVER_STATE_RECLAIM_H

#include "server/state/change.h"

enum {
	/* At most this many nodes of a network wait for approval, and never more than half of its
	 * addresses. */
	STATE_PENDING_MAX = 1000,
};

/* True when the network has the maximum of nodes that wait for approval, without those that the
 * change deletes. Registration by URL is then refused. */
bool state_pending_is_full(const struct change *c);
/* For a check: makes the change delete expired requests that are in the way of a new node: the one
 * with its name, the one with its key, and the oldest one when the network is full. */
void state_reclaim_for(struct change *c, const char *name, const struct wg_public_key *key);
/* For apply(): removes these nodes from memory. */
void state_reclaim_apply(struct change *c);

#endif
