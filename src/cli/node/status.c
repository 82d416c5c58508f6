/* SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>
#include <jansson.h>
#include <stdio.h>

#include "agent/guard.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "cli/frame/options.h"
#include "cli/frame/output.h"
#include "cli/node/commands.h"
#include "cli/node/status_wg.h"
#include "cli/session/allow.h"
#include "cli/session/interface.h"
#include "cli/session/plan.h"
#include "cli/session/session.h"
#include "cli/show/left_out.h"
#include "cli/show/node_text.h"
#include "cli/show/nodes_table.h"

/* prints status --wg; NULL in a build without the data plane */
static int (*const print_live)(const struct cli_args *, const struct session *,
                               struct ls_fail *) = CLI_DATA_PLANE(node_status_wg_print);

/* whether an agent runs with a state file; NULL in a build without the data plane */
static bool (*const is_running)(const char *state_path) = CLI_DATA_PLANE(agent_guard_is_held);

/* What is shown comes from the state file: how old it is, and whether anybody keeps it up to
 * date. */
static void print_age(const struct session *session, bool running)
{
	const struct netmap *map = session->state->last_netmap;
	char age[CLI_AGE_TEXT];

	if (map)
		cli_field("as of", "the last netmap, %s%s%s",
		          cli_ago(map->generated_at, ls_wall_s(), age),
		          is_running ? "; agent: " : "",
		          !is_running ? ""
		          : running   ? "running"
		                      : "not running");
	else if (is_running)
		cli_field("agent", "%s", running ? "running" : "not running");
}

static json_t *make_json(const struct session *session, bool running)
{
	const struct netmap *map = session->state->last_netmap;
	json_t *json = show_node_text_json(session);

	if (json &&
	    json_object_set_new(json, "agent_running",
	                        is_running ? json_boolean(running) : json_null()) == 0 &&
	    json_object_set_new(json, "netmap_generated_at",
	                        map ? json_integer(map->generated_at) : json_null()) == 0)
		return json;
	json_decref(json);
	return NULL;
}

static int print(const struct cli_args *args, const struct session *session, bool running,
                 struct ls_fail *fail)
{
	const struct netmap *map = session->state->last_netmap;
	struct plan *plan LS_CLEANUP(session_plan_free) = NULL;
	int r = map ? session_plan_make(args, session, NULL, &plan, fail) : 0;

	if (r < 0)
		return r;
	if (cli_given(args, "json"))
		return cli_print_json(show_left_out_add(make_json(session, running), plan), fail);
	show_node_text_print(session);
	print_age(session, running);
	if (map) {
		(void)putchar('\n');
		show_peers_table_print(map->peers, map->peer_count);
		show_left_out_print(plan);
	}
	return 0;
}

static int run(const struct cli_args *args, struct ls_fail *fail)
{
	struct session session LS_CLEANUP(session_done) = {0};
	bool wg = cli_given(args, "wg"), running;
	int r;

	if (cli_given(args, "interface") && !wg)
		return ls_fail_set(fail, LS_ERROR_USAGE, "--interface needs --wg");
	r = session_open(args, &session, fail);
	if (r == 0)
		r = session_load_state(&session, fail);
	if (r == 0 && session.state->netmap_fail.code != 0)
		cli_note("%s: the stored netmap is ignored: %s", session.state_path,
		         session.state->netmap_fail.text);
	if (r < 0)
		return r;
	assert(!wg || print_live);
	if (wg)
		return print_live(args, &session, fail);
	running = is_running && is_running(session.state_path);
	r = print(args, &session, running, fail);
	if (r < 0 || running || !is_running)
		return r;
	return ls_fail_set(fail, LS_ERROR_NOT_FOUND,
	                   "the agent of profile '%s' is not running: this is what it knew last",
	                   session.profile);
}

static const struct cli_option options[] = {
        {
                .name = "wg",
                .kind = CLI_FLAG,
                .help = "the live peers of the WireGuard interface",
                .need = CLI_NEED_DATA_PLANE,
        },
        CLI_OPTION_INTERFACE,
        CLI_OPTION_BACKEND,
        CLI_OPTION_ALLOW_PREFIX,
        CLI_OPTION_ALLOW_DOMAIN,
        CLI_OPTION_JSON,
        {0},
};

const struct cli_command node_status = {
        .path = "status",
        .summary = "Print the state of this node and its peers",
        .description =
                "It reads the state file, without asking a server, and exits with 1 when the\n"
                "agent is not running. --wg asks the running interface (which needs root).",
        .options = options,
        .run = run,
};
