/* SPDX-License-Identifier: Apache-2.0 */
#include "server/state/seen.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "server/state/deadline.h"
#include "server/state/roster.h"
#include "server/store/store.h"

enum {
	SEEN_RETRY_S = 10
};

/* A commit that writes last_seen. It is not a change and waits in no line: before it has ended, its
 * nodes may be deleted or seen again. */
struct seen_flush {
	struct server_state *state;
	struct ls_list nodes; /* struct node.seen; nodes that are seen again leave this list */
	struct store_commit commit;
	char (*ids)[LIMIT_ID_LEN + 1];
	struct store_op ops[];
};

void state_node_seen(struct node *node, struct server_state *state, int64_t now)
{
	if (node->last_seen == now)
		return;
	node->last_seen = now;
	if (!ls_list_empty(&node->seen) && !node->flushing)
		return;
	ls_list_remove(&node->seen);
	node->flushing = false;
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

/* Netmaps show the last_seen of the last flush: so a heartbeat does not make the server encode a
 * node again. */
static void show_seen(struct seen_flush *flush)
{
	LS_LIST_EACH_SAFE (it, tmp, &flush->nodes) {
		struct node *node = LS_CONTAINER(it, struct node, seen);

		ls_list_remove(&node->seen);
		node->flushing = false;
		state_text_clear(&node->own_text);
		state_roster_changed(node->network->roster, node);
	}
}

static void try_again_later(struct seen_flush *flush)
{
	struct server_state *state = flush->state;

	LS_LIST_EACH_SAFE (it, tmp, &flush->nodes) {
		struct node *node = LS_CONTAINER(it, struct node, seen);

		ls_list_remove(&node->seen);
		node->flushing = false;
		ls_list_append(&state->seen, &node->seen);
	}
	state->seen_due = state->now + SEEN_RETRY_S;
}

static void on_flushed(void *arg, int result, const struct ls_fail *fail)
{
	struct seen_flush *flush = arg;
	struct server_state *state = flush->state;

	state->seen_flushes--;
	if (result == 0) {
		show_seen(flush);
	} else {
		try_again_later(flush);
		ls_error("store.failed", "what=last_seen error=\"%s\"", fail->text);
	}
	free(flush->ids);
	free(flush);
	state_deadline_tell(state);
}

static struct seen_flush *flush_new(size_t n)
{
	struct seen_flush *flush = ls_try_array(1, sizeof(*flush) + n * sizeof(flush->ops[0]));

	if (!flush)
		return NULL;
	flush->ids = ls_try_array(n, sizeof(flush->ids[0]));
	if (!flush->ids) {
		free(flush);
		return NULL;
	}
	ls_list_init(&flush->nodes);
	return flush;
}

void state_seen_flush(struct server_state *state)
{
	size_t n = count_seen(state), i = 0;
	struct seen_flush *flush = n ? flush_new(n) : NULL;

	if (!flush)
		return;
	LS_LIST_EACH_SAFE (it, tmp, &state->seen) {
		struct node *node = LS_CONTAINER(it, struct node, seen);

		memcpy(flush->ids[i], node->id, sizeof(node->id));
		flush->ops[i] = (struct store_op){
		        .kind = STORE_NODE_SEEN, .id = flush->ids[i], .time = node->last_seen};
		i++;
		ls_list_remove(&node->seen);
		node->flushing = true;
		ls_list_append(&flush->nodes, &node->seen);
	}
	flush->state = state;
	flush->commit = (struct store_commit){
	        .job = {.done = on_flushed, .arg = flush}, .ops = flush->ops, .count = n};
	state->seen_flushes++;
	state->store->ops->commit(state->store, &flush->commit);
}
