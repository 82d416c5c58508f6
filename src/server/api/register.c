/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>

#include "proto/registration.h"
#include "server/api/change.h"
#include "server/api/endpoints.h"
#include "server/api/longpoll.h"

static int registered(struct call *call, const struct state_outcome *outcome, struct ls_fail *fail)
{
	struct evbuffer *out = api_call_out(call);

	/* A node token needs no escaping. */
	if (evbuffer_add_printf(
	            out, "{\"node_token\":\"%s\",\"netmap\":", outcome->secrets->node_token) < 0 ||
	    api_longpoll_compose(call, outcome->node, false) < 0 || evbuffer_add(out, "}", 1) != 0)
		return ls_fail_set(fail, -ENOMEM, "out of memory");
	return 0;
}

int api_register(struct call *call, struct ls_fail *fail)
{
	struct register_request *request = api_call_alloc(call, sizeof(*request));
	int r = proto_register_request_decode(call->body, call->arena, request, fail);

	if (r < 0)
		return r;
	r = state_register(call->server->state, request, &call->origin,
	                   api_change_then(call, registered), fail);
	return api_change_begun(call, r, fail);
}

static int registered_by_url(struct call *call, const struct state_outcome *outcome,
                             struct ls_fail *fail)
{
	const struct node *node = outcome->node;
	struct register_url_answer answer;
	char path[160];
	int r;

	(void)snprintf(path, sizeof(path), "/v1/register/approve/%s/%s", node->id,
	               outcome->secrets->approval);
	answer = (struct register_url_answer){
	        .node_id = node->id,
	        .network_id = node->network->id,
	        .ipv4 = node->record->info.peer.ipv4,
	        .ipv6 = node->record->info.peer.ipv6,
	        .auth_path = path,
	        .expires_at = node->record->approval_expires_at,
	        .node_token = outcome->secrets->node_token,
	};
	r = api_call_answer(call, proto_register_url_answer_encode(&answer), fail);
	state_secret_wipe(path, sizeof(path));
	return r;
}

int api_register_url(struct call *call, struct ls_fail *fail)
{
	struct register_url_request *request = api_call_alloc(call, sizeof(*request));
	int r = proto_register_url_request_decode(call->body, call->arena, request, fail);

	if (r < 0)
		return r;
	r = state_register_url(call->server->state, request, &call->origin,
	                       api_change_then(call, registered_by_url), fail);
	return api_change_begun(call, r, fail);
}
