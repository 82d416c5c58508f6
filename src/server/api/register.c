/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/registration.h"
#include "server/api/change.h"
#include "server/api/endpoints.h"
#include "server/api/longpoll.h"
#include "json/json.h"

/* Says so when the node is not called what the client asked for. NULL when it is. */
static json_t *rename_warnings(const struct call *call, const struct node *node)
{
	const char *asked = call->asked_name;
	const char *name = node->record->info.peer.name;
	json_t *list;

	if (!asked || strcmp(asked, name) == 0)
		return NULL;
	list = json_array();
	(void)json_array_append_new(
	        list, json_sprintf("the node is called %s: the name asked for is taken "
	                           "or no DNS label",
	                           name));
	return list;
}

static int add_warnings(struct evbuffer *out, const struct call *call, const struct node *node)
{
	json_t *list = rename_warnings(call, node);
	char *text = list ? json_text(list, NULL) : NULL;
	int r = text ? evbuffer_add_printf(out, ",\"warnings\":%s", text) : 0;

	json_decref(list);
	free(text);
	return r;
}

static int registered(struct call *call, const struct state_outcome *outcome, struct ls_fail *fail)
{
	struct evbuffer *out = api_call_out(call);

	/* A node token needs no escaping. */
	if (evbuffer_add_printf(
	            out, "{\"node_token\":\"%s\",\"netmap\":", outcome->secrets->node_token) < 0 ||
	    api_longpoll_compose(call, outcome->node, false) < 0 ||
	    add_warnings(out, call, outcome->node) < 0 || evbuffer_add(out, "}", 1) != 0)
		return ls_fail_set(fail, -ENOMEM, "out of memory");
	return 0;
}

/* Keeps what the client asked for; the body is gone when the answer is made. */
static void keep_asked_name(struct call *call)
{
	const char *asked = json_string_value(json_object_get(call->body, "node_name"));

	if (asked)
		call->asked_name = ls_arena_strdup(call->arena, asked);
}

int api_register(struct call *call, struct ls_fail *fail)
{
	struct register_request *request = api_call_alloc(call, sizeof(*request));
	int r = proto_register_request_decode(call->body, call->arena, request, fail);

	if (r < 0)
		return r;
	keep_asked_name(call);
	r = state_register(call->server->state, request, &call->origin,
	                   api_change_then(call, registered), fail);
	return api_change_begun(call, r, fail);
}

static int registered_by_url(struct call *call, const struct state_outcome *outcome,
                             struct ls_fail *fail)
{
	const struct node *node = outcome->node;
	struct register_url_answer answer;
	json_t *json, *warnings;
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
	        .node_name = node->record->info.peer.name,
	};
	json = proto_register_url_answer_encode(&answer);
	warnings = rename_warnings(call, node);
	if (json && warnings)
		(void)json_object_set_new(json, "warnings", warnings);
	r = api_call_answer(call, json, fail);
	state_secret_wipe(path, sizeof(path));
	return r;
}

int api_register_url(struct call *call, struct ls_fail *fail)
{
	struct register_url_request *request = api_call_alloc(call, sizeof(*request));
	int r = proto_register_url_request_decode(call->body, call->arena, request, fail);

	if (r < 0)
		return r;
	keep_asked_name(call);
	r = state_register_url(call->server->state, request, &call->origin,
	                       api_change_then(call, registered_by_url), fail);
	return api_change_begun(call, r, fail);
}
