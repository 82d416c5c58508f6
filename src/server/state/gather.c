/* SPDX-License-Identifier: Apache-2.0 */
#include "server/state/gather.h"

#include "base/clock.h"
#include "server/state/memory.h"
#include "server/state/objects.h"
#include "server/state/watcher.h"

/* When the node may cause a revision. A token bucket in one number: `moves_paid_ns` is when all
 * revisions that the node has caused will be paid for, at one per GATHER_EVERY_S. */
static uint64_t take_token(struct node *node, uint64_t now_ns)
{
	const uint64_t every = GATHER_EVERY_S * LS_NS_PER_S, credit = (GATHER_BURST - 1) * every;

	/* What is waiting already takes the news along. */
	if (now_ns < node->moves_due_ns)
		return node->moves_due_ns;
	if (node->moves_paid_ns < now_ns)
		node->moves_paid_ns = now_ns;
	node->moves_due_ns = now_ns;
	if (node->moves_paid_ns - now_ns > credit)
		node->moves_due_ns = node->moves_paid_ns - credit;
	node->moves_paid_ns += every;
	return node->moves_due_ns;
}

void state_gather_show(struct server_state *state, struct network *network)
{
	ls_list_remove(&network->gathering);
	network->revision = network->record->revision;
	network->probes_shown = network->probe_count;
	state_tell_network_changed(state, network);
}

static void show_gathered(struct server_state *state, struct network *network, uint64_t now_ns)
{
	network->quiet_until_ns = now_ns + GATHER_S * LS_NS_PER_S;
	state_gather_show(state, network);
}

void state_gather_add(struct server_state *state, struct network *network, struct node *node,
                      uint64_t now_ns)
{
	uint64_t due = take_token(node, now_ns);

	if (due < network->quiet_until_ns)
		due = network->quiet_until_ns;
	if (due <= now_ns) {
		show_gathered(state, network, now_ns);
		return;
	}
	if (ls_list_empty(&network->gathering)) {
		ls_list_append(&state->gathering, &network->gathering);
		network->gathered_due_ns = due;
	} else if (due < network->gathered_due_ns) {
		network->gathered_due_ns = due;
	}
	state_tell_gather_changed(state);
}

uint64_t state_gather_deadline(const struct server_state *state)
{
	uint64_t at = LS_NEVER;

	LS_LIST_EACH (it, &state->gathering) {
		const struct network *network = LS_CONTAINER(it, struct network, gathering);

		if (network->gathered_due_ns < at)
			at = network->gathered_due_ns;
	}
	return at;
}

void state_gather_run(struct server_state *state, uint64_t now_ns)
{
	LS_LIST_EACH_SAFE (it, tmp, &state->gathering) {
		struct network *network = LS_CONTAINER(it, struct network, gathering);

		if (now_ns >= network->gathered_due_ns)
			show_gathered(state, network, now_ns);
	}
}
