/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cleanup.h"
#include "cli/frame/options.h"
#include "cli/frame/output.h"
#include "cli/node/commands.h"
#include "cli/session/call.h"
#include "cli/show/node_text.h"
#include "cli/show/nodes_table.h"

static const struct cli_option options[] = {
        CLI_OPTION_JSON,
        {0},
};

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
	if (r < 0)
		return r;
	if (cli_given(args, "json"))
		return cli_print_json(proto_netmap_encode(session.state->last_netmap), fail);
	show_node_text_print(&session);
	(void)putchar('\n');
	show_peers_table_print(session.state->last_netmap->peers,
	                       session.state->last_netmap->peer_count);
	return 0;
}

const struct cli_command node_netmap = {
        .path = "netmap",
        .summary = "Fetch and store the netmap, and print it",
        .options = options,
        .run = run,
};
