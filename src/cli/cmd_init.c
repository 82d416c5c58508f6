/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cleanup.h"
#include "cli/commands.h"
#include "cli/output.h"
#include "cli/session.h"

static int write_profile(const struct cli_args *args, struct session *session, struct ls_fail *fail)
{
	struct control_url_list urls = {0};
	int r;

	if (session->urls_from_option)
		return ls_fail_set(fail, LS_ERROR_USAGE,
		                   "init takes its URLs as argument, not by --control-url");
	r = control_url_list_add(&urls, args->positionals[0], fail);
	if (r < 0)
		return ls_fail_set(fail, LS_ERROR_USAGE, "%s", fail->text);
	control_url_list_done(&session->urls);
	session->urls = urls;
	session->urls_from_option = true;
	return session_save_servers(session, fail);
}

static int run(const struct cli_args *args, struct ls_fail *fail)
{
	struct session session LS_CLEANUP(session_done) = {0};
	int r = session_open(args, &session, fail);

	if (r == 0)
		r = write_profile(args, &session, fail);
	if (r < 0)
		return r;
	cli_field("profile", "%s", session.profile);
	cli_field("config", "%s", session.config_path);
	for (size_t i = 0; i < session.urls.count; i++)
		cli_field(i == 0 ? "control URLs" : "", "%s", session.urls.items[i].text);
	return 0;
}

const struct cli_command cli_init = {
        .path = "init",
        .summary = "Write the control servers of a profile into the configuration",
        .positionals = {{.name = "URL[,URL..]", .help = "control servers, tried in this order"}},
        .run = run,
};
