/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "proto/heartbeat.h"
#include "server/api/auth.h"
#include "server/api/change.h"
#include "server/api/endpoints.h"
#include "server/api/longpoll.h"

enum {
	LONGPOLL_DEFAULT_S = 30
};

static int answer_netmap(struct call *call, struct node *node, bool wrapped, struct ls_fail *fail)
{
	if (api_longpoll_compose(call, node, wrapped) < 0)
		return ls_fail_set(fail, -ENOMEM, "out of memory");
	return 0;
}

static int heartbeat_taken(struct call *call, const struct state_outcome *outcome,
                           struct ls_fail *fail)
{
	return answer_netmap(call, outcome->node, true, fail);
}

int api_heartbeat(struct call *call, struct ls_fail *fail)
{
	struct heartbeat *heartbeat = api_call_alloc(call, sizeof(*heartbeat));
	struct node *node;
	int r = proto_heartbeat_decode(call->body, call->arena, heartbeat, fail);

	if (r < 0)
		return r;
	node = state_node(call->server->state, heartbeat->node_id);
	r = api_auth_node(call, node, fail);
	if (r < 0)
		return r;
	state_heartbeat_trim(node, heartbeat, call->arena);
	call->warnings = heartbeat->warnings;
	r = state_heartbeat(call->server->state, node, heartbeat, &call->origin,
	                    api_change_then(call, heartbeat_taken), fail);
	return api_change_begun(call, r, fail);
}

int api_netmap(struct call *call, struct ls_fail *fail)
{
	return answer_netmap(call, call->node, false, fail);
}

int api_longpoll(struct call *call, struct ls_fail *fail)
{
	uint64_t since, timeout_s;
	int r = api_call_query_u64(call, "since", 0, &since, fail);

	if (r == 0)
		r = api_call_query_u64(call, "timeout_seconds", LONGPOLL_DEFAULT_S, &timeout_s,
		                       fail);
	if (r != 0)
		return r;
	/* Some clients ask for more than the maximum: give them the maximum. */
	if (timeout_s > LIMIT_LONGPOLL_SECONDS)
		timeout_s = LIMIT_LONGPOLL_SECONDS;
	if (timeout_s == 0 || api_longpoll_has_news(call->node, since) || call->server->stopping)
		return answer_netmap(call, call->node, false, fail);
	return api_longpoll_park(call, since, timeout_s, fail);
}
