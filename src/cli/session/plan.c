/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/session/plan.h"

#include "apply/facts.h"
#include "base/cleanup.h"
#include "cli/frame/options.h"
#include "cli/session/allow.h"
#include "cli/session/host_facts.h"

/* NULL in a build without the data plane */
static int (*const gather)(const struct apply_facts_query *, struct apply_facts *,
                           struct ls_fail *) = CLI_DATA_PLANE(session_host_facts_gather);

/* Without a network, the host can still be read. */
static int find_facts(const struct apply_facts_query *query, struct apply_facts *ret,
                      struct ls_fail *fail)
{
	if (gather && gather(query, ret, NULL) == 0)
		return 0;
	return apply_facts_read(query, ret, fail);
}

int session_plan_make(const struct cli_args *args, const struct session *session,
                      const char *hosts_path, struct plan **ret, struct ls_fail *fail)
{
	struct session_allow allow LS_CLEANUP(session_allow_done) = {0};
	struct apply_facts facts LS_CLEANUP(apply_facts_done) = {0};
	char interface[PLAN_INTERFACE_TEXT];
	struct apply_facts_query query = {
	        .interface = plan_interface_name(session->profile, interface),
	        .profile = session->profile,
	        .netmap = session->state->last_netmap,
	        .urls = &session->urls,
	        .known = &session->known,
	};
	struct plan_options options = {.interface = query.interface};
	int r = session_allow_read(args, &allow, fail);

	if (r < 0)
		return r;
	options.allow = allow.allow;
	query.hosts_path = allow.allow.short_names ? hosts_path : NULL;
	r = find_facts(&query, &facts, fail);
	return r < 0 ? r : plan_make(query.netmap, &options, &facts.facts, ret, fail);
}

void session_plan_free(struct plan **plan)
{
	plan_free(*plan);
}
