/* SPDX-License-Identifier: Apache-2.0 */
/* New nodes, by enrolment token or by approval URL, and their approval. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "server/state/direct.h"
#include "server/state/index.h"
#include "server/state/reclaim.h"
#include "server/state/state.h"

/* Ids and texts that a node record under construction points to. */
struct draft {
	struct node_record record;
	char id[UUID_TEXT];
	char dns_name[LIMIT_DNS_NAME_LEN + 1];
};

static void draft_dns_name(struct draft *draft, const struct network *network)
{
	char folded[LIMIT_NODE_NAME_LEN + 1];

	state_name_fold(draft->record.info.peer.name, folded);
	(void)snprintf(draft->dns_name, sizeof(draft->dns_name), "%s.%s", folded,
	               network->record->info.dns_domain);
	draft->record.info.peer.dns_name = draft->dns_name;
}

static int draft_addresses(struct draft *draft, struct network *network, struct ls_fail *fail)
{
	struct peer_info *peer = &draft->record.info.peer;

	if (state_address_pool_next(&network->v4, &peer->ipv4) < 0)
		return ls_fail_set(fail, LS_ERROR_CONFLICT,
		                   "the IPv4 address space of network %s is used up",
		                   network->record->info.name);
	if (state_address_pool_next(&network->v6, &peer->ipv6) < 0)
		return ls_fail_set(fail, LS_ERROR_CONFLICT,
		                   "the IPv6 address space of network %s is used up",
		                   network->record->info.name);
	return 0;
}

/* Checks the request and fills what both ways of registering share. */
static int draft_node(struct draft *draft, struct network *network, const char *name,
                      const struct machine_public_key *machine, const struct wg_public_key *wg,
                      struct ls_fail *fail)
{
	struct peer_info *peer = &draft->record.info.peer;
	int r = state_index_check(network, NULL, 0, name, wg, fail);

	if (r == 0)
		r = draft_addresses(draft, network, fail);
	if (r < 0)
		return r;
	state_uuid_generate(draft->id);
	peer->id = draft->id;
	peer->name = name;
	peer->wg_public_key = *wg;
	draft->record.info.machine_public_key = *machine;
	draft->record.network_id = network->id;
	draft_dns_name(draft, network);
	return 0;
}

/* Writes the node, and what the change holds already, then shows it to the network. */
static int insert_node(struct direct_change *c, struct draft *draft, const char *action,
                       struct registered *ret, struct ls_fail *fail)
{
	struct node_record *record = &draft->record, *own;
	struct node *node = NULL;
	int r;

	state_secret_generate(ret->node_token);
	state_secret_hash(ret->node_token, &record->token_hash);
	record->created_at = record->wg_key_since = record->machine_key_since = c->origin.now;
	own = store_node_record_new(record);
	r = own ? state_node_link(c->state, c->network, own, c->origin.now, &node) : -ENOMEM;
	if (r < 0) {
		free(own);
		return ls_fail_set(fail, r, "out of memory");
	}
	/* One that waits for approval is in nobody's netmap: strangers wake no one. */
	c->bumps = record->info.approved;
	state_direct_put_node(c, node->record);
	state_direct_add_key(c, node->id, KEY_TYPE_MACHINE, record->info.machine_public_key.b);
	state_direct_add_key(c, node->id, KEY_TYPE_WIREGUARD, record->info.peer.wg_public_key.b);
	state_direct_audit(c, action, node->id, record->info.peer.name);
	r = state_direct_commit(c, fail);
	if (r < 0)
		state_node_unlink_and_free(node, c->state);
	else
		ret->node = node;
	return r;
}

/* NULL, with `fail` filled (LS_ERROR_AUTH), when the secret opens nothing. */
static struct token *usable_token(const struct server_state *state, const char *secret, int64_t now,
                                  struct ls_fail *fail)
{
	struct token *token = state_token(state, secret);
	const char *why = NULL;

	/* The public id opens nothing. */
	if (!token || !state_secret_matches(secret, &token->hash))
		why = "unknown";
	else if (token->record->revoked_at != 0)
		why = "revoked";
	else if (now >= token->record->expires_at)
		why = "expired";
	else if (token->record->uses_left == 0)
		why = "used up";
	if (!why)
		return token;
	(void)ls_fail_set(fail, LS_ERROR_AUTH, "enrolment token is %s; ask an admin for a new one",
	                  why);
	return NULL;
}

static int use_token(struct direct_change *c, const struct token *token, struct token_record **ret,
                     struct ls_fail *fail)
{
	struct token_record draft = *token->record;

	draft.uses_left--;
	*ret = store_token_record_new(&draft);
	if (!*ret)
		return ls_fail_set(fail, -ENOMEM, "out of memory");
	state_direct_put_token(c, *ret);
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

int state_register(struct server_state *state, const struct register_request *request,
                   const struct origin *origin, struct registered *ret, struct ls_fail *fail)
{
	struct token_record *used = NULL;
	struct draft draft = {0};
	struct token *token = usable_token(state, request->token, origin->now, fail);
	struct origin holder;
	struct direct_change c;
	int r;

	if (!token)
		return LS_ERROR_AUTH;
	r = state_reclaim_for(state, token->network, request->node_name, &request->wg_public_key,
	                      origin->now, fail);
	if (r < 0)
		return r;
	r = draft_node(&draft, token->network, request->node_name, &request->machine_public_key,
	               &request->wg_public_key, fail);
	if (r < 0)
		return r;
	draft.record.info.peer.tags = token->record->tags;
	draft.record.info.owner_user_id = token->record->owner_user_id;
	draft.record.info.owner_email = token->record->owner_email;
	draft.record.info.owner_is_admin = token->record->owner_is_admin;
	draft.record.info.approved = !token->network->record->info.requires_approval;
	draft.record.approved_at = draft.record.info.approved ? origin->now : 0;
	draft.record.info.peer.last_seen = origin->now;
	*ret = (struct registered){0};
	holder = state_origin_as(origin, ACTOR_ENROLMENT_TOKEN, token->id);
	state_direct_begin(&c, state, token->network, &holder);
	r = use_token(&c, token, &used, fail);
	if (r == 0)
		r = insert_node(&c, &draft, "node.register", ret, fail);
	if (r == 0) {
		free(token->record);
		token->record = LS_STEAL(used);
		log_registered(ret->node, "token");
		state_direct_publish(&c);
	}
	free(used);
	state_direct_done(&c);
	return r;
}

int state_register_url(struct server_state *state, const struct register_url_request *request,
                       const struct origin *origin, struct registered *ret, struct ls_fail *fail)
{
	struct network *network = state_network(state, request->network_id);
	struct draft draft = {0};
	struct direct_change c;
	int r;

	if (!network)
		return ls_fail_set(fail, LS_ERROR_NOT_FOUND, "unknown network");
	r = state_reclaim_for(state, network, request->node_name, &request->wg_public_key,
	                      origin->now, fail);
	if (r < 0)
		return r;
	if (state_pending_is_full(network))
		return ls_fail_set(fail, LS_ERROR_CONFLICT,
		                   "%zu nodes of this network wait for approval already",
		                   network->pending);
	r = draft_node(&draft, network, request->node_name, &request->machine_public_key,
	               &request->wg_public_key, fail);
	if (r < 0)
		return r;
	*ret = (struct registered){0};
	state_secret_generate(ret->approval_secret);
	draft.record.has_approval_secret = true;
	state_secret_hash(ret->approval_secret, &draft.record.approval_hash);
	draft.record.approval_expires_at = origin->now + (int64_t)request->ttl_seconds;
	draft.record.info.peer.last_seen = origin->now;
	state_direct_begin(&c, state, network, origin);
	r = insert_node(&c, &draft, "node.register_url", ret, fail);
	if (r == 0) {
		log_registered(ret->node, "url");
		state_direct_publish(&c);
	}
	state_direct_done(&c);
	return r;
}

int state_approve(struct server_state *state, struct node *node, const struct origin *origin,
                  struct ls_fail *fail)
{
	struct node_record draft = *node->record;
	struct node_record *record;
	struct direct_change c;
	int r;

	if (draft.info.approved)
		return 0;
	draft.info.approved = true;
	draft.approved_at = origin->now;
	draft.info.peer.last_seen = node->last_seen;
	record = store_node_record_new(&draft);
	if (!record)
		return ls_fail_set(fail, -ENOMEM, "out of memory");
	state_direct_begin(&c, state, node->network, origin);
	c.bumps = true;
	state_direct_put_node(&c, record);
	state_direct_audit(&c, "node.approve", node->id, draft.info.peer.name);
	r = state_direct_commit(&c, fail);
	if (r == 0) {
		state_node_replace(node, record, state, origin->now);
		ls_info("node.approved", "node=%s network=%s", node->id, node->network->id);
		state_direct_publish(&c);
	} else {
		free(record);
	}
	state_direct_done(&c);
	return r;
}

int state_approve_by_secret(struct server_state *state, struct node *node, const char *secret,
                            const struct origin *origin, struct ls_fail *fail)
{
	const struct origin opener = state_origin_as(origin, ACTOR_APPROVAL_LINK, node->id);
	const struct node_record *record = node->record;

	if (!record->has_approval_secret || !state_secret_matches(secret, &record->approval_hash))
		return ls_fail_set(fail, LS_ERROR_AUTH, "approval link is wrong");
	if (record->info.approved)
		return 0;
	if (origin->now >= record->approval_expires_at)
		return ls_fail_set(fail, LS_ERROR_AUTH,
		                   "approval link has expired; register again, or ask an admin");
	return state_approve(state, node, &opener, fail);
}
