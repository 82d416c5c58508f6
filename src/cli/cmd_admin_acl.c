/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "base/files.h"
#include "base/str.h"
#include "cli/admin.h"
#include "cli/commands.h"
#include "cli/output.h"
#include "cli/table.h"
#include "model/acl.h"
#include "model/json.h"

enum {
	POLICY_FILE_MAX = 4 << 20,
};

static const char *action_name(enum acl_action action)
{
	return action == ACL_ALLOW ? "allow" : "deny";
}

static void add_words(struct ls_buf *buf, const char *kind, struct string_list list)
{
	for (size_t i = 0; i < list.count; i++)
		ls_buf_printf(buf, "%s%s:%s", buf->len > 0 ? ", " : "", kind, list.items[i]);
}

static void selector_cell(struct cli_table *table, const struct acl_selector *selector)
{
	struct ls_buf buf = {0};

	if (!selector->any) {
		add_words(&buf, "tag", selector->tags);
		add_words(&buf, "node", selector->node_ids);
		add_words(&buf, "name", selector->names);
	}
	cli_table_cell(table, buf.len > 0 ? ls_buf_text(&buf) : "any");
	ls_buf_done(&buf);
}

static void print_policy(const struct acl_policy *policy)
{
	static const char *const headers[] = {">RULE", "ACTION", "FROM", "TO", NULL};
	struct cli_table *table = cli_table_new(headers);

	for (size_t i = 0; i < policy->rule_count; i++) {
		cli_table_cellf(table, "%zu", i);
		cli_table_cell(table, action_name(policy->rules[i].action));
		selector_cell(table, &policy->rules[i].src);
		selector_cell(table, &policy->rules[i].dst);
	}
	cli_table_print(table, stdout, "no rules");
	cli_table_free(table);
	cli_field("otherwise", "%s", action_name(policy->default_action));
}

static int print_either(const struct cli_args *args, const struct acl_policy *policy, bool as_json,
                        struct ls_fail *fail)
{
	(void)args;
	if (as_json)
		return cli_print_json(acl_policy_encode(policy), fail);
	print_policy(policy);
	return 0;
}

static int get(const struct cli_args *args, struct session *session, struct ls_fail *fail)
{
	struct acl_policy policy = {0};
	json_t *body = NULL;
	char path[256];
	int r = session_path(path, sizeof(path), "/v1/networks/", args->positionals[0], "/acl",
	                     fail);

	if (r == 0)
		r = admin_get(session, path, &body, fail);
	if (r == 0)
		r = acl_policy_decode(body, session->arena, &policy, fail);
	json_decref(body);
	return r < 0 ? r : print_either(args, &policy, cli_given(args, "json"), fail);
}

static int run_get(const struct cli_args *args, struct ls_fail *fail)
{
	return admin_run(args, get, fail);
}

const struct cli_command cli_admin_acl_get = {
        .path = "admin acl get",
        .summary = "Print the access policy of a network",
        .positionals = {CLI_NETWORK_POSITIONAL},
        .options = admin_json_options,
        .run = run_get,
};

/* Checked here, so that what is wrong is named with its place in the file. */
static int read_policy(const struct cli_args *args, struct ls_arena *arena, struct acl_policy *ret,
                       struct ls_fail *fail)
{
	const char *file = cli_text(args, "file");
	const char *what = file ? file : "--json";
	char *text = NULL;
	size_t len = 0;
	json_t *json = NULL;
	int r = 0;

	if (file) {
		r = ls_file_read(file, POLICY_FILE_MAX, &text, &len, fail);
	} else {
		text = ls_strdup(cli_text(args, "json"));
		len = strlen(text);
	}
	if (r == 0)
		r = json_parse(text, len, POLICY_FILE_MAX, what, &json, fail);
	free(text);
	if (r < 0)
		return r;
	r = acl_policy_decode(json, arena, ret, fail);
	json_decref(json);
	return r < 0 ? ls_fail_prefix(fail, "%s", what) : 0;
}

static int set(const struct cli_args *args, struct session *session, struct ls_fail *fail)
{
	struct acl_policy policy = {0};
	json_t *body = NULL;
	char path[256];
	int r = session_path(path, sizeof(path), "/v1/networks/", args->positionals[0], "/acl",
	                     fail);

	if (r == 0)
		r = read_policy(args, session->arena, &policy, fail);
	if (r == 0)
		r = admin_send(session, CONTROL_PUT, path, acl_request_encode(&policy), &body,
		               fail);
	if (r == 0)
		r = acl_request_decode(body, session->arena, &policy, fail);
	json_decref(body);
	return r < 0 ? r : print_either(args, &policy, false, fail);
}

static int run_set(const struct cli_args *args, struct ls_fail *fail)
{
	if (cli_given(args, "file") == cli_given(args, "json"))
		return ls_fail_set(fail, LS_ERROR_USAGE, "give the policy with --file or --json");
	return admin_run(args, set, fail);
}

static const struct cli_option set_options[] = {
        {
                .name = "file",
                .kind = CLI_TEXT,
                .placeholder = "PATH",
                .help = "a file that holds the policy as JSON",
        },
        {
                .name = "json",
                .kind = CLI_TEXT,
                .placeholder = "POLICY",
                .help = "the policy itself as JSON",
        },
        {0},
};

const struct cli_command cli_admin_acl_set = {
        .path = "admin acl set",
        .summary = "Replace the access policy of a network",
        .description =
                "A policy is {\"default_action\": \"allow\", \"rules\": [{\"action\": \"deny\",\n"
                "\"src\": SELECTOR, \"dst\": SELECTOR}]}, a selector {\"any\": true} or lists of\n"
                "\"tags\", \"node_ids\" and \"names\". The first rule that matches decides.",
        .positionals = {CLI_NETWORK_POSITIONAL},
        .options = set_options,
        .run = run_set,
};
