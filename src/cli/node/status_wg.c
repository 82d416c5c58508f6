/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/node/status_wg.h"

#include <errno.h>
#include <stdio.h>

#include "base/cleanup.h"
#include "cli/frame/output.h"
#include "cli/session/interface.h"
#include "cli/show/node_text.h"
#include "cli/show/wg_table.h"
#include "dataplane/uapi_client.h"

static int read_live(const char *interface, struct wg_config *ret, struct ls_fail *fail)
{
	int r = dp_uapi_client_get(interface, ret, fail);

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
	json_t *json = show_node_text_json(session);

	if (json && json_object_set_new(
	                    json, "wg",
	                    show_wg_table_json(interface, live, session->state->last_netmap)) < 0) {
		json_decref(json);
		json = NULL;
	}
	return cli_print_json(json, fail);
}

int node_status_wg_print(const struct cli_args *args, const struct session *session,
                         struct ls_fail *fail)
{
	struct wg_config live LS_CLEANUP(wg_config_done) = {0};
	char interface[INTERFACE_TEXT];
	int r = read_live(session_interface_name(args, interface), &live, fail);

	if (r < 0)
		return r;
	if (cli_given(args, "json"))
		return print_json(session, interface, &live, fail);
	show_node_text_print(session);
	(void)putchar('\n');
	show_wg_table_print(interface, &live, session->state->last_netmap);
	return 0;
}
