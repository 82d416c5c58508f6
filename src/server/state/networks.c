/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "server/state/change.h"
#include "server/state/index.h"
#include "server/state/roster.h"
#include "server/state/state.h"
#include "server/state/tokens.h"
#include "json/json.h"

enum {
	DERIVE_ATTEMPTS = 1024,
	OVERLAY_V4_BITS_MIN = 8,
	OVERLAY_V6_BITS_MIN = 16,
	DERIVED_V4_BITS = 24,
	DERIVED_V6_BITS = 48,
};

static const char default_policy[] = "{\"default_action\":\"allow\",\"rules\":[]}";

static const struct network *overlapping(const struct server_state *state,
                                         const struct ls_prefix *prefix)
{
	const struct network *network;

	for (size_t cursor = 0; (network = ls_map_next(state->networks, &cursor));) {
		const struct network_info *info = &network->record->info;
		const struct ls_prefix *own =
		        prefix->ip.family == LS_FAMILY_V4 ? &info->overlay_v4 : &info->overlay_v6;

		if (ls_prefix_overlaps(own, prefix))
			return network;
	}
	return NULL;
}

/* Default prefixes are made from BLAKE2b of the network's id and the number of the attempt. */
static void derive_bytes(const uint8_t id[static 16], uint32_t attempt, uint8_t ret[static 16])
{
	uint8_t input[20];

	memcpy(input, id, 16);
	for (size_t i = 0; i < 4; i++)
		input[16 + i] = (uint8_t)(attempt >> (8 * i));
	(void)crypto_generichash(ret, 16, input, sizeof(input), NULL, 0);
}

static struct ls_prefix derive_v4(const uint8_t b[static 16])
{
	struct ls_prefix prefix = {.ip.family = LS_FAMILY_V4, .bits = DERIVED_V4_BITS};

	prefix.ip.b[0] = 100;
	prefix.ip.b[1] = (uint8_t)(64 + (b[5] & 0x3f));
	prefix.ip.b[2] = b[6];
	return prefix;
}

static struct ls_prefix derive_v6(const uint8_t b[static 16])
{
	struct ls_prefix prefix = {.ip.family = LS_FAMILY_V6, .bits = DERIVED_V6_BITS};

	prefix.ip.b[0] = 0xfd;
	memcpy(prefix.ip.b + 1, b, 5);
	return prefix;
}

static int check_given(const struct server_state *state, const struct ls_prefix *prefix,
                       const char *field, struct ls_fail *fail)
{
	const struct network *other = overlapping(state, prefix);
	uint8_t least =
	        prefix->ip.family == LS_FAMILY_V4 ? OVERLAY_V4_BITS_MIN : OVERLAY_V6_BITS_MIN;
	uint8_t top = prefix->ip.b[0];
	bool multicast = prefix->ip.family == LS_FAMILY_V4 ? top >= 224 : top == 0xff;
	char text[LS_PREFIX_TEXT];

	(void)ls_prefix_format(prefix, text);
	if (prefix->bits < least)
		return ls_fail_set(fail, LS_ERROR_BAD_VALUE,
		                   "%s %s is too large; use /%u or longer", field, text, least);
	if (multicast || top == 0 || ls_ip_is_loopback(&prefix->ip) ||
	    ls_ip_is_link_local(&prefix->ip))
		return ls_fail_set(fail, LS_ERROR_BAD_VALUE,
		                   "%s %s cannot be an overlay: not unicast addresses for hosts",
		                   field, text);
	if (other)
		return ls_fail_set(fail, LS_ERROR_CONFLICT,
		                   "%s %s overlaps with that of network %s (%s)", field, text,
		                   other->record->info.name, other->id);
	return 0;
}

static int choose_overlay(const struct server_state *state, const char *id,
                          const struct ls_prefix *given, enum ls_family family,
                          struct ls_prefix *ret, struct ls_fail *fail)
{
	const char *field = family == LS_FAMILY_V4 ? "overlay_v4" : "overlay_v6";
	uint8_t raw[16] = {0}, b[16];
	int r;

	if (given->ip.family != LS_FAMILY_NONE) {
		r = check_given(state, given, field, fail);
		if (r == 0)
			*ret = *given;
		return r;
	}
	(void)state_uuid_bytes(id, raw);
	for (uint32_t attempt = 0; attempt < DERIVE_ATTEMPTS; attempt++) {
		struct ls_prefix prefix;

		derive_bytes(raw, attempt, b);
		prefix = family == LS_FAMILY_V4 ? derive_v4(b) : derive_v6(b);
		if (!overlapping(state, &prefix)) {
			*ret = prefix;
			return 0;
		}
	}
	return ls_fail_set(fail, LS_ERROR_CONFLICT, "no free default prefix was found; give %s",
	                   field);
}

static int draft_network(const struct server_state *state, const struct network_create *request,
                         int64_t now, struct network_record **ret, struct ls_fail *fail)
{
	char id[UUID_TEXT], domain[64];
	struct network_record draft = {.acl_json = default_policy, .created_at = now};
	int r;

	state_uuid_generate(id);
	(void)snprintf(domain, sizeof(domain), "net-%.8s.lightscale", id);
	draft.info = (struct network_info){
	        .id = id,
	        .name = request->name,
	        .dns_domain = request->dns_domain ? request->dns_domain : domain,
	        .requires_approval = request->requires_approval,
	        .has_key_max_age = request->has_key_max_age,
	        .key_rotation_max_age_seconds = request->key_rotation_max_age_seconds};
	draft.rules.join = request->given.rules.join;
	draft.rules.revocation = request->given.has_revocation ? request->given.rules.revocation
	                                                       : NETWORK_REVOCATION_FINAL;
	r = choose_overlay(state, id, &request->overlay_v4, LS_FAMILY_V4, &draft.info.overlay_v4,
	                   fail);
	if (r == 0)
		r = choose_overlay(state, id, &request->overlay_v6, LS_FAMILY_V6,
		                   &draft.info.overlay_v6, fail);
	if (r < 0)
		return r;
	*ret = store_network_record_new(&draft);
	return *ret ? 0 : ls_fail_set(fail, -ENOMEM, "out of memory");
}

static json_t *max_age(const struct network_info *info)
{
	return info->has_key_max_age ? json_integer((json_int_t)info->key_rotation_max_age_seconds)
	                             : json_null();
}

static void draft_bootstrap(struct change *c, const struct network_create *request)
{
	const struct token_create token = {.ttl_seconds = request->token_ttl_seconds,
	                                   .uses = request->token_uses,
	                                   .tags = request->token_tags};
	struct token_record *record;

	if (request->token_ttl_seconds == 0)
		return;
	record = state_token_draft(c->network, &token, c->origin.now, c->secrets.enrolment_token);
	state_change_put_token(c, record);
	state_token_audit(c, record);
}

static int check_create(struct change *c, struct ls_fail *fail)
{
	struct network_record *record = NULL;
	int r = draft_network(c->state, c->request, c->origin.now, &record, fail);

	if (r < 0)
		return r;
	record->revision = 1;
	c->new_network = c->network = state_network_new(record);
	r = state_policy_read(record->acl_json, &c->policy_arena, &c->policy, fail);
	if (r < 0)
		return r;
	state_change_add(c, &(struct store_op){.kind = STORE_NETWORK_PUT, .network = record});
	state_change_audit(c, &c->origin, "network.create", NULL,
	                   json_pack("{s:s, s:b, s:o, s:s, s:s}", "name", record->info.name,
	                             "requires_approval", (int)record->info.requires_approval,
	                             "key_rotation_max_age_seconds", max_age(&record->info), "join",
	                             proto_network_join_name(record->rules.join), "revocation",
	                             proto_network_revocation_name(record->rules.revocation)));
	draft_bootstrap(c, c->request);
	return 0;
}

static void apply_create(struct change *c)
{
	struct network *network = LS_STEAL(c->new_network);

	state_network_use_policy(network, LS_STEAL(c->policy_arena), &c->policy);
	state_map_must_add(c->state->networks, network->id, strlen(network->id), network);
	if (c->token_record)
		c->token = state_token_link(c->state, network, LS_STEAL(c->token_record));
	ls_info("network.created", "network=%s name=\"%s\"", network->id,
	        network->record->info.name);
}

int state_network_create(struct server_state *state, const struct network_create *request,
                         const struct origin *origin, struct state_completion then,
                         struct ls_fail *fail)
{
	static const struct change_kind kind = {check_create, apply_create};
	struct change *c = state_change_new(state, &kind, NULL, origin, then);

	c->request = request;
	return state_change_begin(c, fail);
}

static int check_delete(struct change *c, struct ls_fail *fail)
{
	const struct network *network = c->network;
	size_t nodes = network->roster->count;

	if (nodes > 0)
		return ls_fail_set(fail, LS_ERROR_CONFLICT,
		                   "network still has %zu node%s; delete them first", nodes,
		                   nodes == 1 ? "" : "s");
	state_change_add(c, &(struct store_op){.kind = STORE_NETWORK_DELETE, .id = network->id});
	state_change_audit(c, &c->origin, "network.delete", NULL,
	                   json_pack("{s:s}", "name", network->record->info.name));
	return 0;
}

static void apply_delete(struct change *c)
{
	struct network *network = LS_STEAL(c->network);

	ls_info("network.deleted", "network=%s", network->id);
	(void)ls_map_remove(c->state->networks, network->id, strlen(network->id));
	LS_LIST_EACH_SAFE (it, tmp, &network->tokens)
		state_token_unlink_and_free(LS_CONTAINER(it, struct token, link), c->state);
	state_network_free(network);
}

int state_network_delete(struct server_state *state, struct network *network,
                         const struct origin *origin, struct state_completion then,
                         struct ls_fail *fail)
{
	static const struct change_kind kind = {check_delete, apply_delete};

	return state_change_begin(state_change_new(state, &kind, network, origin, then), fail);
}

/* Makes the change write `draft` as the network's record, with an audit entry. */
static void put_record(struct change *c, const struct network_record *draft, const char *action,
                       json_t *detail)
{
	c->bumps = true;
	state_change_put_network(c, store_network_record_new(draft));
	state_change_audit(c, &c->origin, action, NULL, detail);
}

static void replace_record(struct change *c)
{
	free(c->network->record);
	c->network->record = LS_STEAL(c->network_record);
	state_text_clear(&c->network->info_text);
}

static int check_update(struct change *c, struct ls_fail *fail)
{
	const struct network_rules_given *given = c->request;
	struct network_record draft = *c->network->record;
	const struct network_rules old = draft.rules;

	(void)fail;
	if (given->has_join)
		draft.rules.join = given->rules.join;
	if (given->has_revocation)
		draft.rules.revocation = given->rules.revocation;
	if (draft.rules.join == old.join && draft.rules.revocation == old.revocation)
		return CHANGE_NOTHING;
	put_record(c, &draft, "network.update",
	           json_pack("{s:s, s:s, s:s, s:s}", "join",
	                     proto_network_join_name(draft.rules.join), "revocation",
	                     proto_network_revocation_name(draft.rules.revocation), "old_join",
	                     proto_network_join_name(old.join), "old_revocation",
	                     proto_network_revocation_name(old.revocation)));
	/* No netmap shows the rules. */
	c->bumps = false;
	return 0;
}

static void apply_update(struct change *c)
{
	const struct network_rules *rules = &c->network_record->rules;

	ls_info("network.updated", "network=%s join=%s revocation=%s", c->network->id,
	        proto_network_join_name(rules->join),
	        proto_network_revocation_name(rules->revocation));
	replace_record(c);
}

int state_network_update(struct server_state *state, struct network *network,
                         const struct network_rules_given *given, const struct origin *origin,
                         struct state_completion then, struct ls_fail *fail)
{
	static const struct change_kind kind = {check_update, apply_update};
	struct change *c = state_change_new(state, &kind, network, origin, then);

	c->request = given;
	return state_change_begin(c, fail);
}

static int check_acl(struct change *c, struct ls_fail *fail)
{
	const struct acl_policy *policy = c->request;
	struct network_record draft = *c->network->record;
	json_t *json = proto_acl_policy_encode(policy);
	LS_FREE char *text = json ? json_text(json, NULL) : NULL;
	int r;

	json_decref(json);
	if (!text)
		return ls_fail_set(fail, -ENOMEM, "out of memory");
	r = state_policy_read(text, &c->policy_arena, &c->policy, fail);
	if (r < 0)
		return r;
	draft.acl_json = text;
	put_record(c, &draft, "acl.update",
	           json_pack("{s:I, s:s, s:s*}", "rules", (json_int_t)policy->rule_count,
	                     "default_action", proto_acl_action_name(policy->default_action),
	                     "sight", proto_acl_sight_name(policy->sight)));
	return 0;
}

static void apply_acl(struct change *c)
{
	replace_record(c);
	state_network_use_policy(c->network, LS_STEAL(c->policy_arena), &c->policy);
	ls_info("acl.updated", "network=%s rules=%zu", c->network->id,
	        c->network->policy.rule_count);
}

int state_acl_set(struct server_state *state, struct network *network,
                  const struct acl_policy *policy, const struct origin *origin,
                  struct state_completion then, struct ls_fail *fail)
{
	static const struct change_kind kind = {check_acl, apply_acl};
	struct change *c = state_change_new(state, &kind, network, origin, then);

	c->request = policy;
	return state_change_begin(c, fail);
}

static int check_key_policy(struct change *c, struct ls_fail *fail)
{
	const struct key_policy *policy = c->request;
	struct network_record draft = *c->network->record;

	(void)fail;
	draft.info.has_key_max_age = policy->has_max_age;
	draft.info.key_rotation_max_age_seconds = policy->max_age_seconds;
	put_record(c, &draft, "key_policy.update",
	           json_pack("{s:o}", "max_age_seconds", max_age(&draft.info)));
	return 0;
}

static void apply_key_policy(struct change *c)
{
	struct network *network = c->network;
	const struct network_info *info;
	struct node *node;

	replace_record(c);
	network->next_expiry = 0;
	for (size_t slot = 0; (node = state_roster_next(network->roster, &slot)); slot++)
		state_node_refresh(node, c->state);
	info = &network->record->info;
	ls_info("key_policy.updated", "network=%s max_age_seconds=%llu", network->id,
	        (unsigned long long)info->key_rotation_max_age_seconds);
}

int state_key_policy_set(struct server_state *state, struct network *network,
                         const struct key_policy *policy, const struct origin *origin,
                         struct state_completion then, struct ls_fail *fail)
{
	static const struct change_kind kind = {check_key_policy, apply_key_policy};
	struct change *c = state_change_new(state, &kind, network, origin, then);

	c->request = policy;
	return state_change_begin(c, fail);
}
