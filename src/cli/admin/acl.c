/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "cli/admin/acl_input.h"
#include "cli/admin/admin.h"
#include "cli/admin/commands.h"
#include "cli/frame/options.h"
#include "cli/frame/output.h"
#include "cli/show/acl_text.h"
#include "json/json.h"

/* --- get --- */

static int get(const struct cli_args *args, struct session *session, struct ls_fail *fail)
{
	struct acl_policy policy = {0};
	int r = admin_fetch_policy(session, args->positionals[0], &policy, fail);

	if (r < 0)
		return r;
	if (cli_given(args, "json"))
		return cli_print_json(proto_acl_policy_encode(&policy), fail);
	show_acl_text_print(&policy);
	return 0;
}

static int run_get(const struct cli_args *args, struct ls_fail *fail)
{
	return admin_run(args, get, fail);
}

const struct cli_command admin_acl_get = {
        .path = "admin acl get",
        .summary = "Print the access policy of a network",
        .positionals = {CLI_NETWORK_POSITIONAL},
        .options = admin_json_options,
        .run = run_get,
};

/* --- set --- */

/* What a new policy would change, computed before anything is sent. */
struct change {
	struct acl_policy before;
	struct acl_policy after;
	struct node_list nodes;
	struct acl_roster roster;
	struct acl_diff diff;
};

static void change_done(struct change *change)
{
	show_acl_roster_done(&change->roster);
	proto_acl_diff_done(&change->diff);
}

static int foresee(const struct cli_args *args, struct session *session, struct change *ret,
                   struct ls_fail *fail)
{
	int r = admin_acl_input_read(args, session->arena, &ret->after, fail);

	if (r == 0)
		r = admin_fetch_policy(session, args->positionals[0], &ret->before, fail);
	if (r == 0)
		r = admin_fetch_nodes(session, args->positionals[0], &ret->nodes, fail);
	if (r < 0)
		return r;
	r = show_acl_roster_make(&ret->nodes, &ret->roster);
	if (r == 0)
		r = proto_acl_diff(&ret->before, &ret->after, ret->roster.subjects,
		                   ret->roster.count, &ret->diff);
	return r < 0 ? ls_fail_set(fail, r, "cannot compute the change: out of memory") : 0;
}

static int send_policy(const struct cli_args *args, struct session *session, struct change *change,
                       struct ls_fail *fail)
{
	const struct session_call call = {.endpoint = PROTO_ENDPOINT_ACL_PUT,
	                                  .params = {args->positionals[0]},
	                                  .body = proto_acl_request_encode(&change->after)};

	return SESSION_CALL(session, &call, proto_acl_request_decode, &change->after, fail);
}

static int print_change_json(const struct change *change, bool applied, struct ls_fail *fail)
{
	struct json_writer w = json_begin();

	json_put_bool(&w, "applied", applied);
	json_put(&w, "policy", proto_acl_policy_encode(&change->after));
	if (w.object && !show_acl_text_put_diff(w.object, &change->roster, &change->diff))
		w.failed = true;
	return cli_print_json(json_finish(&w), fail);
}

static int set(const struct cli_args *args, struct session *session, struct ls_fail *fail)
{
	struct change change LS_CLEANUP(change_done) = {0};
	bool dry = cli_given(args, "dry-run");
	int r = foresee(args, session, &change, fail);

	if (r < 0)
		return r;
	show_acl_text_note_strangers(&change.after, &change.nodes);
	show_acl_text_note_one_way(&change.after, &change.roster, &change.diff);
	if (!dry)
		r = send_policy(args, session, &change, fail);
	if (r < 0)
		return r;
	if (ls_streq(cli_text(args, "format"), "json"))
		return print_change_json(&change, !dry, fail);
	show_acl_text_print_diff(&change.roster, &change.diff);
	(void)putchar('\n');
	show_acl_text_print(&change.after);
	if (dry)
		cli_note("Nothing was changed (--dry-run).");
	return 0;
}

static int run_set(const struct cli_args *args, struct ls_fail *fail)
{
	if (cli_given(args, "file") == cli_given(args, "json"))
		return ls_fail_set(fail, LS_ERROR_USAGE,
		                   "give the policy with either --file or --json");
	return admin_run(args, set, fail);
}

static const char *const formats[] = {"text", "json", NULL};

static const struct cli_option set_options[] = {
        {
                .name = "file",
                .kind = CLI_TEXT,
                .placeholder = "PATH",
                .help = "a file that contains the policy as JSON",
        },
        {
                .name = "json",
                .kind = CLI_TEXT,
                .placeholder = "POLICY",
                .help = "the policy itself as JSON",
        },
        {.name = "dry-run", .kind = CLI_FLAG, .help = "only show what the policy would change"},
        {
                .name = "strict",
                .kind = CLI_FLAG,
                .help = "refuse a policy with unknown members instead of naming them",
        },
        {
                .name = "format",
                .kind = CLI_CHOICE,
                .placeholder = "FORMAT",
                .help = "how to print the change, since --json is the policy",
                .default_value = "text",
                .choices = formats,
        },
        {0},
};

const struct cli_command admin_acl_set = {
        .path = "admin acl set",
        .summary = "Replace the access policy of a network, and show what that changes",
        .description =
                "A policy is {\"default_action\": \"allow\", \"rules\": [{\"action\": \"deny\",\n"
                "\"src\": SELECTOR, \"dst\": SELECTOR}]}, a selector {\"any\": true} or lists of\n"
                "\"tags\", \"node_ids\" and \"names\". The first rule that matches decides. Two\n"
                "nodes can see each other when the policy allows both directions. With \"sight\":\n"
                "\"one-way\", a node that may reach another sees it all the same, as with existing\n"
                "servers, though no traffic flows. A rule without \"src\" or \"dst\" means every node\n"
                "there. Unknown members are named and ignored.",
        .positionals = {CLI_NETWORK_POSITIONAL},
        .options = set_options,
        .run = run_set,
};
