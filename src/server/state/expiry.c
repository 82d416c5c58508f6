/* SPDX-License-Identifier: Apache-2.0 */
/* A node whose key expires is inactive at once, without waiting for the store: the expiry follows
 * from what is stored. Only the new revision, which tells other nodes, is written, maybe later. */
#include "server/state/expiry.h"

#include "base/cleanup.h"
#include "base/log.h"
#include "server/state/change.h"
#include "server/state/index.h"
#include "server/state/roster.h"

enum {
	EXPIRY_RETRY_S = 5
};

static bool refresh_nodes(struct server_state *state, struct network *network, int64_t now)
{
	struct node *node;
	bool any = false;

	network->next_expiry = 0;
	for (size_t slot = 0; (node = state_roster_next(network->roster, &slot)); slot++)
		any = state_node_refresh(node, state, now) || any;
	return any;
}

static int check_revision(struct change *c, struct ls_fail *fail)
{
	(void)fail;
	c->bumps = true;
	return 0;
}

static void apply_revision(struct change *c)
{
	c->network->expiry_unwritten = false;
	ls_info("keys.expired", "network=%s", c->network->id);
}

/* The context of a change that writes a new revision. */
struct bump {
	struct server_state *state;
	int64_t now;
};

static void on_bumped(void *arg, const struct state_outcome *outcome)
{
	LS_FREE struct bump *bump = arg;
	struct network *network = outcome->network;

	if (!network) /* deleted in the meantime */
		return;
	network->expiry_begun = false;
	if (outcome->code == 0)
		return;
	ls_error("store.failed", "network=%s error=\"%s\"", network->id, outcome->fail->text);
	state_expiry_note(bump->state, network, bump->now + EXPIRY_RETRY_S);
}

static void begin_revision(struct server_state *state, struct network *network, int64_t now)
{
	static const struct change_kind kind = {check_revision, apply_revision};
	const struct origin origin = state_origin_of_server(now);
	struct bump *bump = ls_new(struct bump);
	const struct state_completion then = {.done = on_bumped, .arg = bump};
	struct state_outcome refused = {.network = network};
	struct ls_fail fail;

	bump->state = state;
	bump->now = now;
	network->expiry_begun = true;
	refused.code =
	        state_change_begin(state_change_new(state, &kind, network, &origin, then), &fail);
	refused.fail = &fail;
	if (refused.code < 0)
		on_bumped(bump, &refused);
}

static void expire_keys(struct server_state *state, struct network *network, int64_t now)
{
	if (refresh_nodes(state, network, now))
		network->expiry_unwritten = true;
	if (network->expiry_unwritten && !network->expiry_begun)
		begin_revision(state, network, now);
}

void state_expiry_run(struct server_state *state, int64_t now)
{
	struct network *network;
	int64_t next = 0;

	if (state->next_expiry == 0 || now < state->next_expiry)
		return;
	for (size_t cursor = 0; (network = ls_map_next(state->networks, &cursor));) {
		if (network->next_expiry != 0 && now >= network->next_expiry)
			expire_keys(state, network, now);
		if (network->next_expiry != 0 && (next == 0 || network->next_expiry < next))
			next = network->next_expiry;
	}
	state->next_expiry = next;
}

void state_expiry_catch_up(struct server_state *state, int64_t now)
{
	struct network *network;
	const struct node *node;

	for (size_t cursor = 0; (network = ls_map_next(state->networks, &cursor));) {
		for (size_t slot = 0; (node = state_roster_next(network->roster, &slot)); slot++)
			network->expiry_unwritten |= node->rotation_required;
		if (network->expiry_unwritten)
			network->next_expiry = state->next_expiry = now;
	}
}
