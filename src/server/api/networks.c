/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "server/api/change.h"
#include "server/api/endpoints.h"
#include "json/json.h"

static struct enrollment_token token_info(const struct token_record *record, const char *shown)
{
	return (struct enrollment_token){.token = shown,
	                                 .expires_at = record->expires_at,
	                                 .uses_left = record->uses_left,
	                                 .tags = record->tags,
	                                 .owner_user_id = record->owner_user_id,
	                                 .owner_email = record->owner_email,
	                                 .owner_is_admin = record->owner_is_admin,
	                                 .revoked_at = record->revoked_at};
}

static struct network_details details_of(const struct network_record *record)
{
	return (struct network_details){
	        .info = record->info,
	        .given = {.has_join = true, .has_revocation = true, .rules = record->rules}};
}

static int network_created(struct call *call, const struct state_outcome *outcome,
                           struct ls_fail *fail)
{
	struct network_create_answer answer = {.network = details_of(outcome->network->record),
	                                       .has_token = outcome->token != NULL};

	if (outcome->token)
		answer.bootstrap_token =
		        token_info(outcome->token->record, outcome->secrets->enrolment_token);
	return api_call_answer(call, proto_network_create_answer_encode(&answer), fail);
}

int api_network_create(struct call *call, struct ls_fail *fail)
{
	struct network_create *request = api_call_alloc(call, sizeof(*request));
	int r = proto_network_create_decode(call->body, call->arena, request, fail);

	if (r < 0)
		return r;
	r = state_network_create(call->server->state, request, &call->origin,
	                         api_change_then(call, network_created), fail);
	return api_change_begun(call, r, fail);
}

static int older_first(const void *a, const void *b)
{
	const struct network_record *x = *(const struct network_record *const *)a;
	const struct network_record *y = *(const struct network_record *const *)b;

	if (x->created_at != y->created_at)
		return x->created_at < y->created_at ? -1 : 1;
	return strcmp(x->info.id, y->info.id);
}

int api_network_list(struct call *call, struct ls_fail *fail)
{
	struct json_writer w = json_begin();
	const struct network_record **records = NULL;
	size_t count = 0, cap = 0, cursor = 0;
	struct network *network;
	json_t *array = json_array();
	bool ok = array != NULL;

	while (ok && (network = state_next_network(call->server->state, &cursor))) {
		ok = ls_try_grow((void **)&records, &cap, count + 1, sizeof(*records)) == 0;
		if (ok)
			records[count++] = network->record;
	}
	if (count > 0)
		qsort(records, count, sizeof(*records), older_first);
	for (size_t i = 0; ok && i < count; i++) {
		const struct network_details details = details_of(records[i]);

		ok = json_append(array, proto_network_details_encode(&details));
	}
	free(records);
	json_put(&w, "networks", array);
	w.failed = w.failed || !ok;
	return api_call_answer(call, json_finish(&w), fail);
}

static int answer_network(struct call *call, const struct network *network, struct ls_fail *fail)
{
	const struct network_details details = details_of(network->record);

	return api_call_answer(call, proto_network_answer_encode(&details), fail);
}

int api_network_get(struct call *call, struct ls_fail *fail)
{
	return answer_network(call, call->network, fail);
}

static int network_updated(struct call *call, const struct state_outcome *outcome,
                           struct ls_fail *fail)
{
	return answer_network(call, outcome->network, fail);
}

int api_network_update(struct call *call, struct ls_fail *fail)
{
	struct network_rules_given *given = api_call_alloc(call, sizeof(*given));
	int r = proto_network_update_decode(call->body, call->arena, given, fail);

	if (r < 0)
		return r;
	r = state_network_update(call->server->state, call->network, given, &call->origin,
	                         api_change_then(call, network_updated), fail);
	return api_change_begun(call, r, fail);
}

static int network_deleted(struct call *call, const struct state_outcome *outcome,
                           struct ls_fail *fail)
{
	(void)outcome;
	(void)fail;
	call->status = HTTP_STATUS_NO_CONTENT;
	return 0;
}

int api_network_delete(struct call *call, struct ls_fail *fail)
{
	int r = state_network_delete(call->server->state, call->network, &call->origin,
	                             api_change_then(call, network_deleted), fail);

	return api_change_begun(call, r, fail);
}

int api_acl_get(struct call *call, struct ls_fail *fail)
{
	return api_call_answer(call, proto_acl_policy_encode(&call->network->policy), fail);
}

static int acl_set(struct call *call, const struct state_outcome *outcome, struct ls_fail *fail)
{
	return api_call_answer(call, proto_acl_request_encode(&outcome->network->policy), fail);
}

int api_acl_put(struct call *call, struct ls_fail *fail)
{
	struct acl_policy *policy = api_call_alloc(call, sizeof(*policy));
	int r = proto_acl_request_decode(call->body, call->arena, policy, fail);

	if (r < 0)
		return r;
	r = state_acl_set(call->server->state, call->network, policy, &call->origin,
	                  api_change_then(call, acl_set), fail);
	return api_change_begun(call, r, fail);
}

static int answer_key_policy(struct call *call, const struct network *network, struct ls_fail *fail)
{
	const struct network_info *info = &network->record->info;
	const struct key_policy policy = {.has_max_age = info->has_key_max_age,
	                                  .max_age_seconds = info->key_rotation_max_age_seconds};

	return api_call_answer(call, proto_key_policy_answer_encode(&policy), fail);
}

int api_key_policy_get(struct call *call, struct ls_fail *fail)
{
	return answer_key_policy(call, call->network, fail);
}

static int key_policy_set(struct call *call, const struct state_outcome *outcome,
                          struct ls_fail *fail)
{
	return answer_key_policy(call, outcome->network, fail);
}

int api_key_policy_put(struct call *call, struct ls_fail *fail)
{
	struct key_policy *policy = api_call_alloc(call, sizeof(*policy));
	int r = proto_key_policy_decode(call->body, policy, fail);

	if (r < 0)
		return r;
	r = state_key_policy_set(call->server->state, call->network, policy, &call->origin,
	                         api_change_then(call, key_policy_set), fail);
	return api_change_begun(call, r, fail);
}

static int newest_expiry_first(const void *a, const void *b)
{
	const struct enrollment_token *x = a, *y = b;

	if (x->expires_at != y->expires_at)
		return x->expires_at > y->expires_at ? -1 : 1;
	return strcmp(x->token, y->token);
}

int api_token_list(struct call *call, struct ls_fail *fail)
{
	struct enrollment_token_list list = {0};
	struct enrollment_token *items;
	size_t n = 0;
	int r;

	LS_LIST_EACH (it, &call->network->tokens)
		n++;
	items = ls_try_array(n, sizeof(*items));
	if (!items)
		return ls_fail_set(fail, -ENOMEM, "out of memory");
	LS_LIST_EACH (it, &call->network->tokens) {
		const struct token *token = LS_CONTAINER(it, struct token, link);

		items[list.count++] = token_info(token->record, token->id);
	}
	qsort(items, list.count, sizeof(*items), newest_expiry_first);
	list.items = items;
	r = api_call_answer(call, proto_token_list_encode(&list), fail);
	free(items);
	return r;
}

static int token_created(struct call *call, const struct state_outcome *outcome,
                         struct ls_fail *fail)
{
	const struct enrollment_token info =
	        token_info(outcome->token->record, outcome->secrets->enrolment_token);

	return api_call_answer(call, proto_token_create_answer_encode(&info), fail);
}

int api_token_create(struct call *call, struct ls_fail *fail)
{
	struct token_create *request = api_call_alloc(call, sizeof(*request));
	int r = proto_token_create_decode(call->body, call->arena, request, fail);

	if (r < 0)
		return r;
	r = state_token_create(call->server->state, call->network, request, &call->origin,
	                       api_change_then(call, token_created), fail);
	return api_change_begun(call, r, fail);
}

static int token_revoked(struct call *call, const struct state_outcome *outcome,
                         struct ls_fail *fail)
{
	const struct enrollment_token info = token_info(outcome->token->record, outcome->token->id);

	return api_call_answer(call, proto_enrollment_token_encode(&info), fail);
}

int api_token_revoke(struct call *call, struct ls_fail *fail)
{
	struct token *token = state_token(call->server->state, call->params[0]);
	int r;

	if (!token)
		return ls_fail_set(fail, LS_ERROR_NOT_FOUND, "unknown enrolment token");
	r = state_token_revoke(call->server->state, token, &call->origin,
	                       api_change_then(call, token_revoked), fail);
	return api_change_begun(call, r, fail);
}
