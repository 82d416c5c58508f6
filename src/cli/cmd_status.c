/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "base/cleanup.h"
#include "cli/commands.h"
#include "cli/interface.h"
#include "cli/node_text.h"
#include "cli/nodes_table.h"
#include "cli/output.h"
#include "cli/session.h"
#include "cli/wg_table.h"
#include "dataplane/uapi_client.h"

static int read_live(const char *interface, struct wg_config *ret, struct ls_fail *fail)
{
	int r = uapi_client_get(interface, ret, fail);

	if (r == -ENOENT || r == -ECONNREFUSED)
		return ls_fail_set(
		        fail, r,
		        "interface %s is not up: nobody serves %s/%s.sock; start it with "
		        "'" CLI_PROGRAM " agent' or 'wg-up'",
		        interface, UAPI_CLIENT_DIR, interface);
	return r;
}

static int print_json(const struct session *session, const char *interface,
                      const struct wg_config *live, struct ls_fail *fail)
{
	json_t *json = node_text_json(session);

	if (json && live &&
	    json_object_set_new(json, "wg",
	                        wg_table_json(interface, live, session->state->last_netmap)) < 0) {
		json_decref(json);
		json = NULL;
	}
	return cli_print_json(json, fail);
}

static int print(const struct cli_args *args, const struct session *session, const char *interface,
                 const struct wg_config *live, struct ls_fail *fail)
{
	const struct netmap *map = session->state->last_netmap;

	if (cli_given(args, "json"))
		return print_json(session, interface, live, fail);
	node_text_print(session);
	if (live) {
		(void)putchar('\n');
		wg_table_print(interface, live, map);
	} else if (map) {
		(void)putchar('\n');
		peers_table_print(map->peers, map->peer_count);
	}
	return 0;
}

static int run(const struct cli_args *args, struct ls_fail *fail)
{
	struct session session LS_CLEANUP(session_done) = {0};
	struct wg_config live LS_CLEANUP(wg_config_done) = {0};
	bool wg = cli_given(args, "wg");
	char interface[INTERFACE_TEXT];
	int r;

	if (cli_given(args, "interface") && !wg)
		return ls_fail_set(fail, LS_ERROR_USAGE, "--interface needs --wg");
	r = session_open(args, &session, fail);
	if (r == 0)
		r = session_load_state(&session, fail);
	if (r == 0 && session.state->netmap_fail.code != 0)
		cli_note("%s: the stored netmap is left aside: %s", session.state_path,
		         session.state->netmap_fail.text);
	if (r == 0 && wg)
		r = read_live(interface_name(args, interface), &live, fail);
	return r < 0 ? r : print(args, &session, interface, wg ? &live : NULL, fail);
}

static const struct cli_option options[] = {
        {.name = "wg", .kind = CLI_FLAG, .help = "the live peers of the WireGuard interface"},
        CLI_OPTION_INTERFACE,
        CLI_OPTION_BACKEND,
        CLI_OPTION_JSON,
        {0},
};

const struct cli_command cli_status = {
        .path = "status",
        .summary = "Print what is known of this node and its peers",
        .description = "It comes from the state file, without asking a server; --wg asks the\n"
                       "running interface (which needs root).",
        .options = options,
        .run = run,
};
