/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>

#include "proto/registration.h"
#include "server/api/auth.h"
#include "server/api/endpoints.h"
#include "server/api/longpoll.h"
#include "json/json.h"

int api_register(struct call *call, struct ls_fail *fail)
{
	struct register_request request;
	struct registered made;
	struct evbuffer *out = api_call_out(call);
	int r = proto_register_request_decode(call->body, call->arena, &request, fail);

	if (r == 0) {
		r = state_register(call->server->state, &request, &call->origin, &made, fail);
		r = api_auth_note(call, r, fail);
	}
	if (r != 0)
		return r;
	/* A node token needs no escaping. */
	if (evbuffer_add_printf(out, "{\"node_token\":\"%s\",\"netmap\":", made.node_token) < 0 ||
	    api_longpoll_compose(call->server, made.node, false, out) < 0 ||
	    evbuffer_add(out, "}", 1) != 0)
		r = ls_fail_set(fail, -ENOMEM, "out of memory");
	state_secret_wipe(made.node_token, sizeof(made.node_token));
	return r;
}

int api_register_url(struct call *call, struct ls_fail *fail)
{
	struct register_url_request request;
	struct register_url_answer answer;
	struct registered made;
	char path[160];
	int r = proto_register_url_request_decode(call->body, call->arena, &request, fail);

	if (r == 0)
		r = state_register_url(call->server->state, &request, &call->origin, &made, fail);
	if (r != 0)
		return r;
	(void)snprintf(path, sizeof(path), "/v1/register/approve/%s/%s", made.node->id,
	               made.approval_secret);
	answer = (struct register_url_answer){
	        .node_id = made.node->id,
	        .network_id = made.node->network->id,
	        .ipv4 = made.node->record->info.peer.ipv4,
	        .ipv6 = made.node->record->info.peer.ipv6,
	        .auth_path = path,
	        .expires_at = made.node->record->approval_expires_at,
	        .node_token = made.node_token,
	};
	r = api_call_answer(call, proto_register_url_answer_encode(&answer), fail);
	state_secret_wipe(path, sizeof(path));
	state_secret_wipe(&made, sizeof(made));
	return r;
}

static int answer_approval(struct call *call, struct ls_fail *fail)
{
	const struct node_record *record = call->node->record;
	const struct approval_answer answer = {.node_id = call->node->id,
	                                       .approved = record->info.approved,
	                                       .approved_at = record->approved_at};

	return api_call_answer(call, proto_approval_answer_encode(&answer), fail);
}

int api_approve_by_secret(struct call *call, struct ls_fail *fail)
{
	int r = state_approve_by_secret(call->server->state, call->node, call->params[1],
	                                &call->origin, fail);

	return r < 0 ? api_auth_note(call, r, fail) : answer_approval(call, fail);
}

int api_approve(struct call *call, struct ls_fail *fail)
{
	int r = state_approve(call->server->state, call->node, &call->origin, fail);

	return r < 0 ? r : answer_approval(call, fail);
}
