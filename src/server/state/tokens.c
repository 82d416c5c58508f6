/* SPDX-License-Identifier: Apache-2.0 */
#include "server/state/tokens.h"

#include "base/cleanup.h"
#include "base/log.h"
#include "server/state/change.h"
#include "server/state/index.h"
#include "server/state/state.h"

enum {
	TOKENS_MAX = 10000, /* usable tokens of one network */
};

static size_t count_usable(const struct network *network, int64_t now)
{
	size_t n = 0;

	LS_LIST_EACH (it, &network->tokens) {
		const struct token_record *record = LS_CONTAINER(it, struct token, link)->record;

		n += record->revoked_at == 0 && record->uses_left > 0 && now < record->expires_at;
	}
	return n;
}

struct token_record *state_token_draft(const struct network *network,
                                       const struct token_create *request, int64_t now,
                                       char secret[static SECRET_TEXT])
{
	char id[PUBLIC_ID_TEXT];
	struct token_record draft = {.id = id,
	                             .network_id = network->id,
	                             .expires_at = now + (int64_t)request->ttl_seconds,
	                             .uses_left = request->uses,
	                             .tags = request->tags,
	                             .owner_user_id = request->owner_user_id,
	                             .owner_email = request->owner_email,
	                             .owner_is_admin = request->owner_is_admin};

	state_secret_generate(secret);
	state_secret_hash(secret, &draft.hash);
	state_secret_public_id(&draft.hash, id);
	return store_token_record_new(&draft);
}

void state_token_audit(struct change *c, const struct token_record *record)
{
	json_t *detail = NULL;

	if (record)
		detail = json_pack("{s:I, s:I, s:o*, s:s?, s:s?, s:b, s:s}", "expires_at",
		                   (json_int_t)record->expires_at, "uses",
		                   (json_int_t)record->uses_left, "tags",
		                   state_detail_strings(record->tags), "owner_user_id",
		                   record->owner_user_id, "owner_email", record->owner_email,
		                   "owner_is_admin", (int)record->owner_is_admin, "id", record->id);
	state_change_audit(c, &c->origin, "token.create", NULL, detail);
}

static int check_create(struct change *c, struct ls_fail *fail)
{
	struct token_record *record;

	if (count_usable(c->network, c->origin.now) >= TOKENS_MAX)
		return ls_fail_set(fail, LS_ERROR_CONFLICT,
		                   "network has %d enrolment tokens already", (int)TOKENS_MAX);
	record = state_token_draft(c->network, c->request, c->origin.now,
	                           c->secrets.enrolment_token);
	state_change_put_token(c, record);
	state_token_audit(c, record);
	return 0;
}

static void apply_create(struct change *c)
{
	c->token = state_token_link(c->state, c->network, LS_STEAL(c->token_record));
	ls_info("token.created", "network=%s token_id=%s uses=%llu", c->network->id, c->token->id,
	        (unsigned long long)c->token->record->uses_left);
}

int state_token_create(struct server_state *state, struct network *network,
                       const struct token_create *request, const struct origin *origin,
                       struct state_completion then, struct ls_fail *fail)
{
	static const struct change_kind kind = {check_create, apply_create};
	struct change *c = state_change_new(state, &kind, network, origin, then);

	c->request = request;
	return state_change_begin(c, fail);
}

static int check_revoke(struct change *c, struct ls_fail *fail)
{
	struct token_record draft = *c->token->record;

	(void)fail;
	if (draft.revoked_at != 0)
		return CHANGE_NOTHING;
	draft.revoked_at = c->origin.now;
	state_change_put_token(c, store_token_record_new(&draft));
	state_change_audit(c, &c->origin, "token.revoke", NULL,
	                   json_pack("{s:I, s:s}", "revoked_at", (json_int_t)draft.revoked_at, "id",
	                             draft.id));
	return 0;
}

static void apply_revoke(struct change *c)
{
	state_token_replace(c->token, LS_STEAL(c->token_record));
	ls_info("token.revoked", "network=%s token_id=%s", c->network->id, c->token->id);
}

int state_token_revoke(struct server_state *state, struct token *token, const struct origin *origin,
                       struct state_completion then, struct ls_fail *fail)
{
	static const struct change_kind kind = {check_revoke, apply_revoke};
	struct change *c = state_change_new(state, &kind, token->network, origin, then);

	state_change_of_token(c, token);
	return state_change_begin(c, fail);
}
