/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "cli/frame/options.h"
#include "cli/frame/output.h"
#include "cli/node/commands.h"
#include "cli/session/session.h"
#include "json/json.h"

static int write_profile(const struct cli_args *args, struct session *session, struct ls_fail *fail)
{
	struct control_url_list urls = {0};
	int r;

	if (session->urls_from_option)
		return ls_fail_set(fail, LS_ERROR_USAGE,
		                   "init takes its URLs as argument, not by --control-url");
	r = control_url_list_add(&urls, args->positionals[0], fail);
	if (r < 0) {
		control_url_list_done(&urls);
		return ls_fail_set(fail, LS_ERROR_USAGE, "%s", fail->text);
	}
	control_url_list_done(&session->urls);
	session->urls = urls;
	session->urls_from_option = true;
	return session_save_servers(session, fail);
}

static int print_result(const struct cli_args *args, const struct session *session,
                        struct ls_fail *fail)
{
	const struct control_url_list *urls = &session->urls;
	LS_FREE const char **items = ls_try_array(urls->count, sizeof(*items));
	const struct string_list list = {.items = items, .count = urls->count};
	struct json_writer w;

	if (!items)
		return ls_fail_set(fail, -ENOMEM, "out of memory");
	for (size_t i = 0; i < urls->count; i++)
		items[i] = urls->items[i].text;
	if (!cli_given(args, "json")) {
		cli_field("profile", "%s", session->profile);
		cli_field("config", "%s", session->config_path);
		cli_field_list("control URLs", list);
		if (access(session->state_path, F_OK) < 0)
			session_note_next(session, "register TOKEN",
			                  "or 'register-url NETWORK' joins a network");
		return 0;
	}
	w = json_begin();
	json_put_string(&w, "profile", session->profile);
	json_put_string(&w, "config", session->config_path);
	json_put_strings(&w, "control_urls", list);
	return cli_print_json(json_finish(&w), fail);
}

static int run(const struct cli_args *args, struct ls_fail *fail)
{
	struct session session LS_CLEANUP(session_done) = {0};
	int r = session_open(args, &session, fail);

	if (r == 0)
		r = write_profile(args, &session, fail);
	if (r < 0)
		return r;
	return print_result(args, &session, fail);
}

static const struct cli_option options[] = {
        CLI_OPTION_JSON,
        {0},
};

const struct cli_command node_init = {
        .path = "init",
        .summary = "Write the control servers of a profile into the configuration",
        .positionals = {{.name = "URL[,URL..]",
                         .help = "control servers, tried in this order; also as several words",
                         .list = true}},
        .options = options,
        .run = run,
};
