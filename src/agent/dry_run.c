/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/dry_run.h"

#include "agent/fetch.h"
#include "agent/tunnel.h"
#include "apply/executor.h"
#include "base/cleanup.h"
#include "netlink/socket.h"
#include "profile/node_state.h"

static void free_state(struct node_state **state)
{
	profile_state_free(*state);
}

/* Puts the server's netmap into the state, or leaves the cached one there. *ret_unknown becomes
 * true when the server does not know the node. */
static int get_netmap(const struct agent_options *options, bool follows, struct node_state *state,
                      struct dry_run *run, bool *ret_unknown, struct ls_fail *fail)
{
	struct netmap *netmap = NULL;
	int r = agent_fetch_netmap(options, state, &state->known, &netmap, fail);
	bool unknown = r < 0 && follows && !agent_fetch_may_use_cache(r);

	if (r == 0) {
		profile_state_set_netmap(state, netmap);
		return 0;
	}
	if (!state->last_netmap || (!unknown && !agent_fetch_may_use_cache(r)))
		return r;
	run->from_cache = true;
	run->cause = *fail;
	*ret_unknown = unknown;
	return 0;
}

int agent_dry_run(const struct agent_options *options, bool follows, struct dry_run *ret,
                  struct ls_fail *fail)
{
	struct node_state *state LS_CLEANUP(free_state) = NULL;
	char name[PLAN_INTERFACE_TEXT];
	struct apply_options apply = {.profile = options->profile,
	                              .hosts_path = options->dns_hosts_path,
	                              .clear = options->cleanup_before_start};
	struct tunnel_view view = {.profile = options->profile,
	                           .hosts_path = options->dns_hosts_path,
	                           .urls = options->urls,
	                           .allow = options->allow};
	bool unknown = false;
	int r = agent_options_check(options, fail);

	*ret = (struct dry_run){0};
	apply.interface =
	        options->interface ? options->interface : plan_interface_name(options->profile, name);
	if (r < 0)
		return r;
	r = profile_state_load(options->state_path, &state, fail);
	if (r < 0)
		return r;
	r = get_netmap(options, follows, state, ret, &unknown, fail);
	if (r < 0)
		return r;
	r = nl_socket_open(NETLINK_ROUTE, &ret->rtnl, fail);
	if (r < 0)
		return r;
	view.interface = apply.interface;
	view.known = &state->known;
	r = agent_tunnel_plan(ret->rtnl, &view, state->last_netmap, unknown, &ret->plan, fail);
	if (r < 0)
		return r;
	apply.rtnl = ret->rtnl;
	ret->executor = apply_executor_new(&apply);
	return apply_executor_look(ret->executor, ret->plan, &ret->steps, fail);
}

void agent_dry_run_done(struct dry_run *run)
{
	plan_steps_done(&run->steps);
	apply_executor_free(run->executor);
	plan_free(run->plan);
	nl_socket_close(run->rtnl);
	*run = (struct dry_run){0};
}
