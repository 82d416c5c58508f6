/* SPDX-License-Identifier: Apache-2.0 */
#include "server/state/seen.h"

#include <stdlib.h>

#include "base/log.h"
#include "server/state/direct.h"
#include "server/state/roster.h"
#include "server/store/store.h"

enum {
	SEEN_RETRY_S = 10
};

void state_node_seen(struct node *node, struct server_state *state, int64_t now)
{
	if (node->last_seen == now)
		return;
	node->last_seen = now;
	if (!ls_list_empty(&node->seen))
		return;
	if (ls_list_empty(&state->seen))
		state->seen_due = now + STATE_SEEN_FLUSH_S;
	ls_list_append(&state->seen, &node->seen);
}

static size_t count_seen(const struct server_state *state)
{
	size_t n = 0;

	LS_LIST_EACH (it, &state->seen)
		n++;
	return n;
}

/* Netmaps show what was flushed last, so that encoded nodes need not change with every heartbeat.
 */
static void forget_seen(struct server_state *state)
{
	LS_LIST_EACH_SAFE (it, tmp, &state->seen) {
		struct node *node = LS_CONTAINER(it, struct node, seen);

		ls_list_remove(&node->seen);
		state_text_clear(&node->own_text);
		state_roster_changed(node->network->roster, node);
	}
}

void state_seen_flush(struct server_state *state, int64_t now)
{
	size_t n = count_seen(state), i = 0;
	struct store_op *ops = n ? ls_try_array(n, sizeof(*ops)) : NULL;
	struct ls_fail fail;

	if (!ops)
		return;
	LS_LIST_EACH (it, &state->seen) {
		const struct node *node = LS_CONTAINER(it, struct node, seen);

		ops[i++] = (struct store_op){
		        .kind = STORE_NODE_SEEN, .id = node->id, .time = node->last_seen};
	}
	if (state_direct_write(state->store, ops, n, &fail) == 0) {
		forget_seen(state);
	} else {
		state->seen_due = now + SEEN_RETRY_S;
		ls_error("store.failed", "what=last_seen error=\"%s\"", fail.text);
	}
	free(ops);
}
