/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cleanup.h"
#include "cli/frame/options.h"
#include "cli/frame/output.h"
#include "cli/node/commands.h"
#include "cli/session/allow.h"
#include "cli/session/call.h"
#include "cli/session/plan.h"
#include "cli/show/left_out.h"
#include "cli/show/node_text.h"
#include "cli/show/nodes_table.h"

static const struct cli_option options[] = {
        CLI_OPTION_ALLOW_PREFIX,
        CLI_OPTION_ALLOW_DOMAIN,
        CLI_OPTION_JSON,
        {0},
};

static int print(const struct cli_args *args, const struct session *session, struct ls_fail *fail)
{
	const struct netmap *map = session->state->last_netmap;
	struct plan *plan LS_CLEANUP(session_plan_free) = NULL;
	json_t *json;
	int r = session_plan_make(args, session, NULL, &plan, fail);

	if (r < 0)
		return r;
	if (cli_given(args, "json")) {
		json = proto_netmap_encode(map);
		return cli_print_json(show_left_out_add(json, plan), fail);
	}
	show_node_text_print(session);
	(void)putchar('\n');
	show_peers_table_print(map->peers, map->peer_count);
	show_left_out_print(plan);
	return 0;
}

static int run(const struct cli_args *args, struct ls_fail *fail)
{
	struct session session LS_CLEANUP(session_done) = {0};
	int r = session_open(args, &session, fail);

	if (r == 0)
		r = session_load_state(&session, fail);
	if (r == 0)
		r = session_fetch_netmap(&session, fail);
	if (r == 0)
		r = session_save_state(&session, fail);
	return r < 0 ? r : print(args, &session, fail);
}

const struct cli_command node_netmap = {
        .path = "netmap",
        .summary = "Fetch and store the netmap, and print it",
        .options = options,
        .run = run,
};
