/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "proto/node_admin.h"
#include "server/api/change.h"
#include "server/api/endpoints.h"
#include "server/http/asked.h"
#include "server/netmap/compose.h"
#include "server/state/roster.h"
#include "json/json.h"

int api_node_list(struct call *call, struct ls_fail *fail)
{
	struct json_writer w = json_begin();
	json_t *array = json_array();
	const struct node *node;
	bool ok = array != NULL;

	for (size_t slot = 0; ok && (node = state_roster_next(call->network->roster, &slot));
	     slot++) {
		struct node_info info = netmap_node_info(node);

		if (node->joiner_source)
			info.approval_expires_at = node->record->approval_expires_at;
		info.cloned = state_instances_are_cloned(&node->instances, call->origin.now_ns);
		ok = json_append(array, proto_node_info_encode(&info));
	}
	json_put(&w, "nodes", array);
	w.failed = w.failed || !ok;
	return api_call_answer(call, json_finish(&w), fail);
}

static int node_updated(struct call *call, const struct state_outcome *outcome,
                        struct ls_fail *fail)
{
	const struct node_info info = netmap_node_info(outcome->node);

	return api_call_answer(call, proto_node_answer_encode(&info), fail);
}

int api_node_update(struct call *call, struct ls_fail *fail)
{
	struct node_update *update = api_call_alloc(call, sizeof(*update));
	int r = proto_node_update_decode(call->body, call->arena, update, fail);

	if (r < 0)
		return r;
	r = state_node_update(call->server->state, call->node, update, &call->origin,
	                      api_change_then(call, node_updated), fail);
	return api_change_begun(call, r, fail);
}

static int node_revoked(struct call *call, const struct state_outcome *outcome,
                        struct ls_fail *fail)
{
	const struct node_removal removal = {.node_id = outcome->node->id,
	                                     .revoked_at = outcome->node->record->revoked_at,
	                                     .given = {.has_join = true,
	                                               .has_revocation = true,
	                                               .rules = outcome->network->record->rules}};

	return api_call_answer(call, proto_node_removal_encode(&removal), fail);
}

int api_node_revoke(struct call *call, struct ls_fail *fail)
{
	int r = state_node_revoke(call->server->state, call->node, &call->origin,
	                          api_change_then(call, node_revoked), fail);

	return api_change_begun(call, r, fail);
}

static int node_deleted(struct call *call, const struct state_outcome *outcome,
                        struct ls_fail *fail)
{
	/* The node is deleted, but the path still holds its id. */
	const struct node_removal removal = {.node_id = call->params[0]};

	(void)outcome;
	return api_call_answer(call, proto_node_removal_encode(&removal), fail);
}

int api_node_delete(struct call *call, struct ls_fail *fail)
{
	int r = state_node_delete(call->server->state, call->node, &call->origin,
	                          api_change_then(call, node_deleted), fail);

	return api_change_begun(call, r, fail);
}

static int keys_rotated(struct call *call, const struct state_outcome *outcome,
                        struct ls_fail *fail)
{
	const struct node_info *info = &outcome->node->record->info;
	const struct key_rotation rotation = {.node_id = outcome->node->id,
	                                      .has_machine = true,
	                                      .has_wg = true,
	                                      .machine_public_key = info->machine_public_key,
	                                      .wg_public_key = info->peer.wg_public_key};

	return api_call_answer(call, proto_key_rotation_encode(&rotation), fail);
}

int api_keys_rotate(struct call *call, struct ls_fail *fail)
{
	struct key_rotation *rotation = api_call_alloc(call, sizeof(*rotation));
	int r = proto_key_rotation_decode(call->body, rotation, fail);

	if (r < 0)
		return r;
	r = state_keys_rotate(call->server->state, call->node, rotation, &call->origin,
	                      api_change_then(call, keys_rotated), fail);
	return api_change_begun(call, r, fail);
}

/* The URL that the client has asked first, then the control URLs. If one of them is of the same
 * host, it is the one that the client has asked: it may have a path that a proxy takes off. */
static struct string_list urls_as_asked(struct call *call, char asked[static HTTPD_ASKED_TEXT])
{
	const struct string_list given = call->server->control_urls;
	const char **urls = ls_arena_alloc(call->arena, given.count + 1, sizeof(*urls));
	size_t count = 0;

	if (!urls || !call->head)
		return given;
	httpd_asked_url(&call->server->proxies, httpd_request_peer(call->request),
	                httpd_request_is_tls(call->request), call->head, asked);
	for (size_t i = 0; i < given.count; i++) {
		if (count == 0 && httpd_asked_is(given.items[i], asked))
			urls[count++] = given.items[i];
	}
	if (count == 0 && asked[0] != '\0')
		urls[count++] = asked;
	for (size_t i = 0; i < given.count; i++) {
		if (count == 0 || given.items[i] != urls[0])
			urls[count++] = given.items[i];
	}
	return (struct string_list){.items = urls, .count = count};
}

int api_topology(struct call *call, struct ls_fail *fail)
{
	char asked[HTTPD_ASKED_TEXT];
	const struct topology topology = {.control_urls = urls_as_asked(call, asked),
	                                  .generated_at = call->origin.now};

	return api_call_answer(call, proto_topology_encode(&topology), fail);
}
