/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/fetch.h"

#include "control/sync.h"
#include "proto/endpoints.h"

int agent_fetch_netmap(const struct agent_options *options, const struct node_state *state,
                       struct known_hosts *known, struct netmap **ret, struct ls_fail *fail)
{
	const char *const params[PROTO_ENDPOINT_PARAMS_MAX] = {state->node_id};
	char path[PROTO_PATH_MAX];
	struct control_request request;
	json_t *body;
	int r = proto_endpoint_path(PROTO_ENDPOINT_NETMAP, params, path, fail);

	if (r < 0)
		return r;
	request = control_request_to(PROTO_ENDPOINT_NETMAP, path);
	request.token = state->node_token ? state->node_token : options->admin_token;
	request.timeout_ms = AGENT_REQUEST_TIMEOUT_MS;
	r = control_call_sync(options->urls, options->trust, known, &request, &body, fail);
	if (r < 0)
		return r;
	r = proto_netmap_decode(body, ret, fail);
	json_decref(body);
	return r;
}

bool agent_fetch_may_use_cache(int code)
{
	return code == LS_ERROR_UNREACHABLE || code == LS_ERROR_UNTRUSTED;
}
