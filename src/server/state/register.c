/* SPDX-License-Identifier: Apache-2.0 */
/* Registers nodes by enrolment token or by approval URL, and approves them. */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "server/state/budget.h"
#include "server/state/change.h"
#include "server/state/index.h"
#include "server/state/reclaim.h"
#include "server/state/roster.h"
#include "server/state/state.h"
#include "server/state/watcher.h"

/* A draft of a node's record, and texts that it points to. */
struct draft {
	struct node_record record;
	char id[UUID_TEXT];
	char name[LIMIT_NODE_NAME_LEN + 1];
	char dns_name[LIMIT_DNS_NAME_LEN + 1];
};

/* What both ways to register have in common. */
struct newcomer {
	const char *name;
	const struct machine_public_key *machine;
	const struct wg_public_key *wg;
	bool rename; /* when the name is taken */
};

enum {
	RENAMES_MAX = 1000,
};

/* The lowest address that is free, or that is freed with a node that the change deletes. */
static int next_address(const struct change *c, enum ls_family family, struct ls_ip *ret)
{
	bool v4 = family == LS_FAMILY_V4;
	struct address_pool *pool = v4 ? &c->network->v4 : &c->network->v6;
	int r, taken = 0;

	for (size_t i = 0; i < c->reclaim_count; i++) {
		const struct peer_info *peer = &c->reclaims[i]->record->info.peer;

		state_address_pool_release(pool, v4 ? &peer->ipv4 : &peer->ipv6);
	}
	r = state_address_pool_next(pool, ret);
	for (size_t i = 0; i < c->reclaim_count; i++) {
		const struct peer_info *peer = &c->reclaims[i]->record->info.peer;

		taken = state_address_pool_take(pool, v4 ? &peer->ipv4 : &peer->ipv6);
		assert(taken == 0);
	}
	return r;
}

static int draft_address(const struct change *c, enum ls_family family, struct ls_ip *ret,
                         struct ls_fail *fail)
{
	int r = next_address(c, family, ret);

	if (r == LS_ERROR_CONFLICT)
		return ls_fail_set(fail, r, "the IPv%d address space of network %s is used up%s",
		                   family == LS_FAMILY_V4 ? 4 : 6, c->network->record->info.name,
		                   ls_list_empty(&c->network->former)
		                           ? ""
		                           : "; addresses of deleted nodes are kept back "
		                             "(--reuse-addresses)");
	return r < 0 ? ls_fail_set(fail, r, "out of memory") : 0;
}

static bool is_taken(const struct change *c, const char *name)
{
	char folded[LIMIT_NODE_NAME_LEN + 1];
	const struct node *node;

	state_name_fold(name, folded);
	node = ls_map_get(c->network->names, folded, strlen(folded));
	for (size_t i = 0; node && i < c->reclaim_count; i++) {
		if (c->reclaims[i] == node)
			return false;
	}
	return node != NULL;
}

/* The name, or if it is taken and may be changed, the first of "name-2", "name-3", .. that is not.
 */
static void pick_name(const struct change *c, const struct newcomer *who,
                      char ret[static LIMIT_NODE_NAME_LEN + 1])
{
	(void)snprintf(ret, LIMIT_NODE_NAME_LEN + 1, "%s", who->name);
	for (unsigned n = 2; who->rename && is_taken(c, ret) && n < RENAMES_MAX; n++) {
		char suffix[8];
		int len = snprintf(suffix, sizeof(suffix), "-%u", n);

		(void)snprintf(ret, LIMIT_NODE_NAME_LEN + 1, "%.*s%s", LIMIT_NODE_NAME_LEN - len,
		               who->name, suffix);
	}
}

static int draft_node(struct change *c, const struct newcomer *who, struct draft *draft,
                      struct ls_fail *fail)
{
	struct node_record *record = &draft->record;
	struct peer_info *peer = &record->info.peer;
	char folded[LIMIT_NODE_NAME_LEN + 1];
	int r;

	pick_name(c, who, draft->name);
	r = state_index_check(c->network, c->reclaims, c->reclaim_count, draft->name, who->wg,
	                      fail);
	if (r < 0)
		return r;
	r = draft_address(c, LS_FAMILY_V4, &peer->ipv4, fail);
	if (r < 0)
		return r;
	r = draft_address(c, LS_FAMILY_V6, &peer->ipv6, fail);
	if (r < 0)
		return r;
	state_uuid_generate(draft->id);
	state_name_fold(draft->name, folded);
	(void)snprintf(draft->dns_name, sizeof(draft->dns_name), "%s.%s", folded,
	               c->network->record->info.dns_domain);
	peer->id = draft->id;
	peer->name = draft->name;
	peer->dns_name = draft->dns_name;
	peer->wg_public_key = *who->wg;
	peer->last_seen = c->origin.now;
	record->info.machine_public_key = *who->machine;
	record->network_id = c->network->id;
	record->created_at = record->wg_key_since = record->machine_key_since = c->origin.now;
	state_secret_generate(c->secrets.node_token);
	state_secret_hash(c->secrets.node_token, &record->token_hash);
	return 0;
}

/* Makes the change write the new node, and reserves what state_node_link needs. */
static int put_new_node(struct change *c, const struct node_record *record,
                        const struct origin *origin, const char *action, json_t *detail,
                        struct ls_fail *fail)
{
	const struct peer_info *peer = &record->info.peer;
	int r = state_roster_reserve(c->network->roster);

	if (r < 0) {
		json_decref(detail);
		return ls_fail_set(fail, r, "out of memory");
	}
	/* A node that waits for approval is in no netmap, so it must not wake other nodes. */
	c->bumps = record->info.approved;
	state_change_put_node(c, store_node_record_new(record));
	state_change_add_key(c, peer->id, KEY_TYPE_MACHINE, record->info.machine_public_key.b);
	state_change_add_key(c, peer->id, KEY_TYPE_WIREGUARD, peer->wg_public_key.b);
	state_change_audit(c, origin, action, peer->id, detail);
	return 0;
}

static void log_registered(const struct node *node, const char *way)
{
	char v4[LS_IP_TEXT], v6[LS_IP_TEXT];
	const struct peer_info *peer = &node->record->info.peer;

	ls_info("node.registered", "node=%s network=%s name=%s ipv4=%s ipv6=%s by=%s approved=%s",
	        node->id, node->network->id, peer->name, ls_ip_format(&peer->ipv4, v4),
	        ls_ip_format(&peer->ipv6, v6), way, node->record->info.approved ? "yes" : "no");
}

static void apply_registration(struct change *c)
{
	int r;

	state_reclaim_apply(c);
	r = state_node_link(c->state, c->network, c->node_record, &c->node);
	assert(r == 0);
	c->node_record = NULL;
	if (c->token)
		state_token_replace(c->token, LS_STEAL(c->token_record));
	else
		state_budget_take_join(c);
	log_registered(c->node, c->token ? "token" : "url");
}

/* Why the token cannot register a node; NULL when it can. */
static const char *unusable(const struct token *token, int64_t now)
{
	if (token->record->revoked_at != 0)
		return "revoked";
	if (now >= token->record->expires_at)
		return "expired";
	return token->record->uses_left == 0 ? "used up" : NULL;
}

static int refuse_token(const char *why, struct ls_fail *fail)
{
	return ls_fail_set(fail, LS_ERROR_AUTH, "enrolment token is %s; ask an admin for a new one",
	                   why);
}

static void use_token(struct change *c)
{
	struct token_record draft = *c->token->record;

	draft.uses_left--;
	state_change_put_token(c, store_token_record_new(&draft));
}

static int check_register(struct change *c, struct ls_fail *fail)
{
	const struct register_request *request = c->request;
	const struct newcomer who = {request->node_name, &request->machine_public_key,
	                             &request->wg_public_key, request->rename_if_taken};
	const struct token_record *token = c->token->record;
	const char *why = unusable(c->token, c->origin.now);
	struct node_info *info;
	struct draft draft = {0};
	struct origin holder;
	int r;

	if (why)
		return refuse_token(why, fail);
	state_reclaim_for(c, who.name, who.wg);
	r = draft_node(c, &who, &draft, fail);
	if (r < 0)
		return r;
	info = &draft.record.info;
	info->peer.tags = token->tags;
	info->owner_user_id = token->owner_user_id;
	info->owner_email = token->owner_email;
	info->owner_is_admin = token->owner_is_admin;
	info->approved = !c->network->record->info.requires_approval;
	draft.record.approved_at = info->approved ? c->origin.now : 0;
	holder = state_origin_as(&c->origin, ACTOR_ENROLMENT_TOKEN, c->token->id);
	use_token(c);
	if (c->reclaim_count > 0)
		state_budget_trim_strangers(c);
	return put_new_node(c, &draft.record, &holder, "node.register",
	                    json_pack("{s:b, s:s?, s:s?, s:b, s:s}", "approved",
	                              (int)info->approved, "owner_user_id", info->owner_user_id,
	                              "owner_email", info->owner_email, "owner_is_admin",
	                              (int)info->owner_is_admin, "name", info->peer.name),
	                    fail);
}

int state_register(struct server_state *state, const struct register_request *request,
                   const struct origin *origin, struct state_completion then, struct ls_fail *fail)
{
	static const struct change_kind kind = {check_register, apply_registration};
	const struct token *token = state_token(state, request->token);
	const char *why;
	struct change *c;

	/* state_token() also finds a token by its public id, which gives no rights: check the
	 * secret. A token that is unusable now stays unusable, so refuse it at once. */
	if (!token || !state_secret_matches(request->token, &token->hash))
		return refuse_token("unknown", fail);
	why = unusable(token, origin->now);
	if (why)
		return refuse_token(why, fail);
	state_former_release(token->network, origin->now, state->reuse_after_s);
	c = state_change_new(state, &kind, token->network, origin, then);
	state_change_of_token(c, token);
	c->request = request;
	return state_change_begin(c, fail);
}

static int check_register_url(struct change *c, struct ls_fail *fail)
{
	const struct register_url_request *request = c->request;
	const struct newcomer who = {request->node_name, &request->machine_public_key,
	                             &request->wg_public_key, request->rename_if_taken};
	struct draft draft = {0};
	int r;

	if (c->network->record->rules.join == NETWORK_JOIN_OFF)
		return ls_fail_set(fail, LS_ERROR_CONFLICT,
		                   "this network takes no requests to join: ask an admin for an "
		                   "enrolment token");
	r = state_budget_check_join(c, fail);
	if (r < 0)
		return r;
	state_reclaim_for(c, who.name, who.wg);
	if (state_waiting_from(c, &c->origin.source) >= STATE_WAITING_MAX)
		return ls_fail_set(fail, LS_ERROR_CONFLICT,
		                   "%d requests from this address wait for approval already",
		                   (int)STATE_WAITING_MAX);
	if (state_pending_is_full(c))
		return ls_fail_set(fail, LS_ERROR_CONFLICT,
		                   "%zu nodes of this network wait for approval already",
		                   c->network->pending);
	r = draft_node(c, &who, &draft, fail);
	if (r < 0)
		return r;
	state_secret_generate(c->secrets.approval);
	draft.record.has_approval_secret = true;
	state_secret_hash(c->secrets.approval, &draft.record.approval_hash);
	draft.record.approval_expires_at = c->origin.now + (int64_t)request->ttl_seconds;
	draft.record.requested_from = c->origin.source;
	state_budget_trim_strangers(c);
	return put_new_node(c, &draft.record, &c->origin, "node.register_url",
	                    json_pack("{s:I, s:s}", "expires_at",
	                              (json_int_t)draft.record.approval_expires_at, "name",
	                              draft.record.info.peer.name),
	                    fail);
}

int state_register_url(struct server_state *state, const struct register_url_request *request,
                       const struct origin *origin, struct state_completion then,
                       struct ls_fail *fail)
{
	static const struct change_kind kind = {check_register_url, apply_registration};
	struct network *network = state_network(state, request->network_id);
	struct change *c;

	if (!network)
		return ls_fail_set(fail, LS_ERROR_NOT_FOUND, "unknown network");
	state_former_release(network, origin->now, state->reuse_after_s);
	c = state_change_new(state, &kind, network, origin, then);
	c->request = request;
	return state_change_begin(c, fail);
}

bool state_link_approves(const struct network *network)
{
	return network->record->rules.join == NETWORK_JOIN_LINK;
}

static int check_approve(struct change *c, struct ls_fail *fail)
{
	struct node_record draft = *c->node->record;

	if (draft.info.approved)
		return CHANGE_NOTHING;
	/* The rules may have changed while this change waited for its turn. */
	if (c->origin.actor.kind == ACTOR_APPROVAL_LINK && !state_link_approves(c->network))
		return ls_fail_set(fail, LS_ERROR_AUTH, "in this network an admin approves nodes");
	draft.info.approved = true;
	draft.approved_at = c->origin.now;
	draft.info.peer.last_seen = c->node->last_seen;
	c->bumps = true;
	state_change_put_node(c, store_node_record_new(&draft));
	state_change_audit(
	        c, &c->origin, "node.approve", c->node->id,
	        json_pack("{s:I, s:s, s:s}", "approved_at", (json_int_t)draft.approved_at, "via",
	                  c->origin.actor.kind == ACTOR_APPROVAL_LINK ? "auth_url" : "admin",
	                  "name", draft.info.peer.name));
	return 0;
}

static void apply_approve(struct change *c)
{
	state_node_replace(c->node, LS_STEAL(c->node_record), c->state);
	ls_info("node.approved", "node=%s network=%s", c->node->id, c->network->id);
}

int state_approve(struct server_state *state, struct node *node, const struct origin *origin,
                  struct state_completion then, struct ls_fail *fail)
{
	static const struct change_kind kind = {check_approve, apply_approve};
	struct change *c = state_change_new(state, &kind, node->network, origin, then);

	state_change_of_node(c, node);
	return state_change_begin(c, fail);
}

int state_link_check(const struct node *node, const char *secret, int64_t now, struct ls_fail *fail)
{
	const struct node_record *record = node->record;

	if (!record->has_approval_secret || !state_secret_matches(secret, &record->approval_hash))
		return ls_fail_set(fail, LS_ERROR_AUTH, "approval link is wrong");
	if (!record->info.approved && now >= record->approval_expires_at)
		return ls_fail_set(fail, LS_ERROR_AUTH,
		                   "approval link has expired; register again, or ask an admin");
	return 0;
}

static int check_reject(struct change *c, struct ls_fail *fail)
{
	const struct node *node = c->node;

	if (node->record->info.approved)
		return ls_fail_set(fail, LS_ERROR_CONFLICT,
		                   "node is approved already; an admin can revoke or delete it");
	state_change_add(c, &(struct store_op){.kind = STORE_NODE_DELETE, .id = node->id});
	state_node_audit_delete(c, &c->origin, node);
	state_budget_trim_strangers(c);
	return 0;
}

static void apply_reject(struct change *c)
{
	struct node *node = LS_STEAL(c->node);

	ls_info("node.rejected", "node=%s network=%s", node->id, c->network->id);
	state_tell_node_gone(c->state, node);
	state_node_unlink_and_free(node, c->state);
}

int state_reject_by_link(struct server_state *state, struct node *node, const struct origin *origin,
                         struct state_completion then, struct ls_fail *fail)
{
	static const struct change_kind kind = {check_reject, apply_reject};
	const struct origin opener = state_origin_as(origin, ACTOR_APPROVAL_LINK, node->id);
	struct change *c = state_change_new(state, &kind, node->network, &opener, then);

	state_change_of_node(c, node);
	return state_change_begin(c, fail);
}

int state_approve_by_link(struct server_state *state, struct node *node,
                          const struct origin *origin, struct state_completion then,
                          struct ls_fail *fail)
{
	const struct origin opener = state_origin_as(origin, ACTOR_APPROVAL_LINK, node->id);

	return state_approve(state, node, origin->actor.kind == ACTOR_ADMIN ? origin : &opener,
	                     then, fail);
}
