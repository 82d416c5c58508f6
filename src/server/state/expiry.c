/* SPDX-License-Identifier: Apache-2.0 */
/* A node whose key expires is inactive at once, without waiting for the store: the expiry follows
 * from what is stored. The same holds for a node that is active again because the clock was set
 * back. Only the new revision, which tells other nodes, is written, maybe later. */
#include "server/state/expiry.h"

#include "base/log.h"
#include "server/state/change.h"
#include "server/state/index.h"
#include "server/state/roster.h"

enum {
	EXPIRY_RETRY_S = 5
};

static int check_revision(struct change *c, struct ls_fail *fail)
{
	(void)fail;
	/* Another change may have given the network its new revision. */
	if (!c->network->active_unwritten)
		return CHANGE_NOTHING;
	c->bumps = true;
	return 0;
}

static void apply_revision(struct change *c)
{
	const struct node *node;
	size_t active = 0, expired = 0;

	for (size_t slot = 0; (node = state_roster_next(c->network->roster, &slot)); slot++) {
		active += node->active;
		expired += node->rotation_required;
	}
	ls_info("network.active", "network=%s active=%zu key_expired=%zu", c->network->id, active,
	        expired);
}

static void on_bumped(void *arg, const struct state_outcome *outcome)
{
	struct server_state *state = arg;
	struct network *network = outcome->network;

	if (!network) /* deleted in the meantime */
		return;
	network->active_begun = false;
	if (outcome->code == 0)
		return;
	ls_error("store.failed", "network=%s error=\"%s\"", network->id, outcome->fail->text);
	state_expiry_note(state, network, state->now + EXPIRY_RETRY_S);
}

static void begin_revision(struct server_state *state, struct network *network)
{
	static const struct change_kind kind = {check_revision, apply_revision};
	const struct origin origin = state_origin_of_server(state->now);
	const struct state_completion then = {.done = on_bumped, .arg = state};
	struct state_outcome refused = {.network = network};
	struct ls_fail fail;

	network->active_begun = true;
	refused.code =
	        state_change_begin(state_change_new(state, &kind, network, &origin, then), &fail);
	refused.fail = &fail;
	if (refused.code < 0)
		on_bumped(state, &refused);
}

static void decide_again(struct server_state *state, struct network *network)
{
	struct node *node;

	network->next_expiry = 0;
	for (size_t slot = 0; (node = state_roster_next(network->roster, &slot)); slot++)
		state_node_refresh(node, state);
	if (network->active_unwritten && !network->active_begun)
		begin_revision(state, network);
}

void state_expiry_run(struct server_state *state)
{
	struct network *network;
	int64_t next = 0;

	if (state->next_expiry == 0 || state->now < state->next_expiry)
		return;
	for (size_t cursor = 0; (network = ls_map_next(state->networks, &cursor));) {
		if (network->next_expiry != 0 && state->now >= network->next_expiry)
			decide_again(state, network);
		if (network->next_expiry != 0 && (next == 0 || network->next_expiry < next))
			next = network->next_expiry;
	}
	state->next_expiry = next;
}

void state_expiry_decide_again(struct server_state *state)
{
	struct network *network;

	for (size_t cursor = 0; (network = ls_map_next(state->networks, &cursor));)
		network->next_expiry = state->now;
	state->next_expiry = state->now;
	state_expiry_run(state);
}

void state_expiry_catch_up(struct server_state *state)
{
	struct network *network;

	for (size_t cursor = 0; (network = ls_map_next(state->networks, &cursor));) {
		network->active_unwritten =
		        network->record->info.has_key_max_age && network->roster->count > 0;
		if (network->active_unwritten)
			state_expiry_note(state, network, state->now);
	}
}
