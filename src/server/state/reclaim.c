/* SPDX-License-Identifier: Apache-2.0 */
/* Anyone who knows a network's id may ask to join it. So those who ask must not keep names, keys
 * and addresses from others. A request that nobody approved in time gives way to whoever comes
 * next. One that still waits gives way to those who have an enrolment token, and when there is no
 * room, to a source from which fewer requests wait. */
#include "server/state/reclaim.h"

#include <string.h>

#include "base/log.h"
#include "server/state/budget.h"
#include "server/state/deadline.h"
#include "server/state/index.h"
#include "server/state/joiners.h"
#include "server/state/memory.h"
#include "server/state/watcher.h"

enum {
	SWEEP_RETRY_S = 10,
};

static bool is_expired(const struct node *node, int64_t now)
{
	return now >= node->record->approval_expires_at;
}

static bool is_reclaimed(const struct change *c, const struct node *node)
{
	for (size_t i = 0; i < c->reclaim_count; i++) {
		if (c->reclaims[i] == node)
			return true;
	}
	return false;
}

static struct node *oldest_expired(const struct change *c)
{
	struct node *oldest = NULL;

	LS_LIST_EACH (it, &c->network->joiners) {
		struct node *node = LS_CONTAINER(it, struct node, joiner);

		if (is_expired(node, c->origin.now) && !is_reclaimed(c, node) &&
		    (!oldest ||
		     node->record->approval_expires_at < oldest->record->approval_expires_at))
			oldest = node;
	}
	return oldest;
}

/* Without those that the change deletes. */
static size_t count_of(const struct change *c, const struct joiner_source *source)
{
	size_t n = source->count;

	for (size_t i = 0; i < c->reclaim_count; i++)
		n -= c->reclaims[i]->joiner_source == source;
	return n;
}

size_t state_waiting_from(const struct change *c, const struct ls_ip *ip)
{
	const struct joiner_source *source = state_joiners_source(c->network, ip);

	return source ? count_of(c, source) : 0;
}

/* The newest request of the source that has most of them. NULL when giving its place to the
 * newcomer would not make the shares of the sources more equal; for a change that has an enrolment
 * token, NULL only when nobody waits. */
static struct node *of_greediest(const struct change *c)
{
	size_t most = c->token ? 1 : state_waiting_from(c, &c->origin.source) + 2;
	struct node *found = NULL;

	LS_LIST_EACH (it, &c->network->joiners) {
		struct node *node = LS_CONTAINER(it, struct node, joiner);
		size_t n = count_of(c, node->joiner_source);

		if (n >= most && !is_reclaimed(c, node)) {
			most = n;
			found = node;
		}
	}
	return found;
}

bool state_pending_is_full(const struct change *c)
{
	const struct network *network = c->network;
	size_t pending = network->pending - c->reclaim_count;
	uint32_t half = (network->v4.last - network->v4.first) / 2 + 1;

	return pending >= STATE_PENDING_MAX || pending >= half;
}

/* A node that the change deletes also frees its addresses. */
static bool is_full(const struct change *c)
{
	struct network *network = c->network;
	struct ls_ip ip;

	if (!c->token && state_pending_is_full(c))
		return true;
	return c->reclaim_count == 0 && (state_address_pool_next(&network->v4, &ip) < 0 ||
	                                 state_address_pool_next(&network->v6, &ip) < 0);
}

static void reclaim(struct change *c, struct node *node)
{
	const struct origin origin = state_origin_of_server(c->origin.now);

	if (is_reclaimed(c, node))
		return;
	c->reclaims[c->reclaim_count++] = node;
	state_change_add(c, &(struct store_op){.kind = STORE_NODE_DELETE, .id = node->id});
	state_node_audit_delete(c, &origin, node);
}

static bool gives_way(const struct change *c, const struct node *node)
{
	return node && node->joiner_source && (c->token || is_expired(node, c->origin.now));
}

void state_reclaim_for(struct change *c, const char *name, const struct wg_public_key *key)
{
	const struct network *network = c->network;
	char folded[LIMIT_NODE_NAME_LEN + 1];
	struct node *node;

	if (ls_list_empty(&network->joiners))
		return;
	state_name_fold(name, folded);
	node = ls_map_get(network->names, folded, strlen(folded));
	if (gives_way(c, node))
		reclaim(c, node);
	node = ls_map_get(network->wg_keys, key->b, sizeof(key->b));
	if (gives_way(c, node))
		reclaim(c, node);
	if (!is_full(c))
		return;
	node = oldest_expired(c);
	if (!node)
		node = of_greediest(c);
	if (node)
		reclaim(c, node);
}

void state_reclaim_apply(struct change *c)
{
	for (size_t i = 0; i < c->reclaim_count; i++) {
		struct node *node = c->reclaims[i];

		ls_info("node.deleted", "node=%s network=%s", node->id, c->network->id);
		state_tell_node_gone(c->state, node);
		state_node_unlink_and_free(node, c->state);
	}
}

/* --- the sweep --- */

static int check_sweep(struct change *c, struct ls_fail *fail)
{
	(void)fail;
	LS_LIST_EACH (it, &c->network->joiners) {
		struct node *node = LS_CONTAINER(it, struct node, joiner);

		if (is_expired(node, c->origin.now) && c->reclaim_count < CHANGE_RECLAIMS_MAX)
			reclaim(c, node);
	}
	if (c->reclaim_count == 0)
		return CHANGE_NOTHING;
	state_budget_trim_strangers(c);
	return 0;
}

static bool any_expired(const struct network *network, int64_t now)
{
	LS_LIST_EACH (it, &network->joiners) {
		if (is_expired(LS_CONTAINER(it, struct node, joiner), now))
			return true;
	}
	return false;
}

static void begin_sweep(struct server_state *state, struct network *network);

static void on_swept(void *arg, const struct state_outcome *outcome)
{
	struct server_state *state = arg;
	struct network *network = outcome->network;

	if (!network) /* deleted in the meantime */
		return;
	network->sweeping = false;
	if (outcome->code == 0 && any_expired(network, state->now)) {
		begin_sweep(state, network);
		return;
	}
	if (outcome->code < 0 && !state->closing) {
		ls_error("store.failed", "what=requests network=%s error=\"%s\"", network->id,
		         outcome->fail->text);
		state_request_note(state, state->now + SWEEP_RETRY_S);
	}
}

static void begin_sweep(struct server_state *state, struct network *network)
{
	static const struct change_kind kind = {check_sweep, state_reclaim_apply};
	const struct origin origin = state_origin_of_server(state->now);
	const struct state_completion then = {.done = on_swept, .arg = state};
	struct state_outcome refused = {.network = network};
	struct ls_fail fail;

	network->sweeping = true;
	refused.code =
	        state_change_begin(state_change_new(state, &kind, network, &origin, then), &fail);
	refused.fail = &fail;
	if (refused.code < 0)
		on_swept(state, &refused);
}

/* When the first request of the network expires that has not expired yet. */
static void note_next(struct server_state *state, const struct network *network)
{
	LS_LIST_EACH (it, &network->joiners) {
		const struct node *node = LS_CONTAINER(it, struct node, joiner);

		if (!is_expired(node, state->now))
			state_request_note(state, node->record->approval_expires_at);
	}
}

void state_sweep_run(struct server_state *state)
{
	struct network *network;

	if (state->now < state_sweep_deadline(state))
		return;
	state->next_request = 0;
	state->sweep_due = state->now + STATE_SWEEP_EVERY_S;
	for (size_t cursor = 0; (network = ls_map_next(state->networks, &cursor));) {
		note_next(state, network);
		if (!network->sweeping && any_expired(network, state->now))
			begin_sweep(state, network);
	}
}

void state_sweep_pause(struct server_state *state, unsigned pause_s)
{
	struct network *network;

	state->next_request = 0;
	state->sweep_due = state->now + pause_s;
	for (size_t cursor = 0; (network = ls_map_next(state->networks, &cursor));) {
		LS_LIST_EACH (it, &network->joiners)
			state_request_note(
			        state,
			        LS_CONTAINER(it, struct node, joiner)->record->approval_expires_at);
	}
}
