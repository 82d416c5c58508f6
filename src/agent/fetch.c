/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/fetch.h"

#include "base/str.h"
#include "control/sync.h"
#include "proto/endpoints.h"

int agent_fetch_check_own(struct netmap *netmap, const char *node_id, struct netmap **ret,
                          struct ls_fail *fail)
{
	int r = 0;

	if (ls_streq(netmap->node.peer.id, node_id)) {
		*ret = netmap;
		return 0;
	}
	r = ls_fail_set(fail, LS_ERROR_REMOTE, "the netmap is node %s's, not that of this node, %s",
	                netmap->node.peer.id, node_id);
	proto_netmap_free(netmap);
	return r;
}

struct fetch {
	const char *node_id;
	struct netmap *netmap;
};

static int check(void *arg, const json_t *body, struct ls_fail *fail)
{
	struct fetch *fetch = arg;
	struct netmap *netmap;
	int r = proto_netmap_decode(body, &netmap, fail);

	return r < 0 ? r : agent_fetch_check_own(netmap, fetch->node_id, &fetch->netmap, fail);
}

int agent_fetch_netmap(const struct agent_options *options, const struct node_state *state,
                       struct known_hosts *known, struct netmap **ret, struct ls_fail *fail)
{
	const char *const params[PROTO_ENDPOINT_PARAMS_MAX] = {state->node_id};
	struct fetch fetch = {.node_id = state->node_id};
	char path[PROTO_PATH_MAX];
	struct control_request request;
	int r = proto_endpoint_path(PROTO_ENDPOINT_NETMAP, params, path, fail);

	if (r < 0)
		return r;
	request = control_request_to(PROTO_ENDPOINT_NETMAP, path);
	request.token = state->node_token ? state->node_token : options->admin_token;
	request.timeout_ms = AGENT_REQUEST_TIMEOUT_MS;
	request.check = check;
	request.check_arg = &fetch;
	r = control_call_sync(options->urls, options->trust, known, &request, NULL, fail);
	if (r == 0)
		*ret = fetch.netmap;
	return r;
}

bool agent_fetch_may_use_cache(int code)
{
	return code != LS_ERROR_AUTH && code != LS_ERROR_NOT_FOUND;
}
