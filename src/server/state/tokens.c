/* SPDX-License-Identifier: Apache-2.0 */
#include "server/state/tokens.h"

#include <errno.h>
#include <stdlib.h>

#include "base/log.h"
#include "server/state/direct.h"
#include "server/state/index.h"
#include "server/state/state.h"

enum {
	TOKENS_MAX = 10000, /* of one network that still open something */
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

int state_token_create(struct server_state *state, struct network *network,
                       const struct token_create *request, const struct origin *origin,
                       struct issued_token *ret, struct ls_fail *fail)
{
	struct token_record *record;
	struct direct_change c;
	int r;

	if (count_usable(network, origin->now) >= TOKENS_MAX)
		return ls_fail_set(fail, LS_ERROR_CONFLICT,
		                   "network has %d enrolment tokens already", (int)TOKENS_MAX);
	record = state_token_draft(network, request, origin->now, ret->secret);
	if (!record)
		return ls_fail_set(fail, -ENOMEM, "out of memory");
	state_direct_begin(&c, state, network, origin);
	state_direct_put_token(&c, record);
	state_direct_audit(&c, "token.create", NULL, record->id);
	r = state_direct_commit(&c, fail);
	state_direct_done(&c);
	if (r < 0) {
		free(record);
		return r;
	}
	ret->token = state_token_link(state, network, record);
	ls_info("token.created", "network=%s token_id=%s uses=%llu", network->id, ret->token->id,
	        (unsigned long long)request->uses);
	return 0;
}

int state_token_revoke(struct server_state *state, struct token *token, const struct origin *origin,
                       struct ls_fail *fail)
{
	struct token_record draft = *token->record;
	struct token_record *record;
	struct direct_change c;
	int r;

	if (draft.revoked_at != 0)
		return 0;
	draft.revoked_at = origin->now;
	record = store_token_record_new(&draft);
	if (!record)
		return ls_fail_set(fail, -ENOMEM, "out of memory");
	state_direct_begin(&c, state, token->network, origin);
	state_direct_put_token(&c, record);
	state_direct_audit(&c, "token.revoke", NULL, record->id);
	r = state_direct_commit(&c, fail);
	state_direct_done(&c);
	if (r < 0) {
		free(record);
		return r;
	}
	free(token->record);
	token->record = record;
	ls_info("token.revoked", "network=%s token_id=%s", token->network->id, token->id);
	return 0;
}
