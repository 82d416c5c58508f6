/* SPDX-License-Identifier: Apache-2.0 */
/* Keeps last_seen of all nodes in memory and writes it in batches. */
#ifndef LS_SERVER_STATE_SEEN_H
#define LS_SERVER_STATE_SEEN_H

#include "server/state/memory.h"
#include "server/state/objects.h"

enum {
	STATE_SEEN_FLUSH_S = 60, /* the store's last_seen may be this much older than memory's */
};

void state_node_seen(struct node *node, struct server_state *state, int64_t now);
/* Begins to write the values that are newer than in the store. After a failure, a later flush
 * writes them. */
void state_seen_flush(struct server_state *state);

#endif
