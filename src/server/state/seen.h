/* SPDX-License-Identifier: Apache-2.0 */
/* last_seen in memory, written now and then. */
#ifndef LS_SERVER_STATE_SEEN_H
#define LS_SERVER_STATE_SEEN_H

#include "server/state/memory.h"
#include "server/state/objects.h"

enum {
	STATE_SEEN_FLUSH_S = 60, /* how long last_seen may be newer than the store */
};

void state_node_seen(struct node *node, struct server_state *state, int64_t now);
/* Begins to write what is newer than the store. What fails is tried again later. */
void state_seen_flush(struct server_state *state, int64_t now);

#endif
