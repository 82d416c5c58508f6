/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "cli/admin/admin.h"
#include "cli/admin/commands.h"
#include "cli/frame/options.h"
#include "cli/frame/output.h"
#include "cli/frame/table.h"
#include "proto/limits.h"

enum {
	PUBLIC_ID_MAX = 32, /* a longer id in a list may be a secret */
};

static int create(const struct cli_args *args, struct session *session, struct ls_fail *fail)
{
	struct token_create request = {
	        .ttl_seconds = cli_number(args, "ttl-seconds"),
	        .uses = cli_number(args, "uses"),
	        .owner_is_admin = true, /* the default of servers */
	};
	LS_FREE const char **tags = cli_list(args, "tags", &request.tags.count);
	struct session_call call = {.endpoint = PROTO_ENDPOINT_TOKEN_CREATE,
	                            .params = {args->positionals[0]}};
	struct enrollment_token token = {0};
	int r;

	request.tags.items = tags;
	call.body = proto_token_create_encode(&request);
	r = SESSION_CALL(session, &call, proto_token_create_answer_decode, &token, fail);
	if (r < 0)
		return r;
	if (cli_given(args, "json"))
		return cli_print_json(proto_token_create_answer_encode(&token), fail);
	admin_print_token(session, &token);
	return 0;
}

static int run_create(const struct cli_args *args, struct ls_fail *fail)
{
	return admin_run(args, create, fail);
}

static const struct cli_option create_options[] = {
        {
                .name = "ttl-seconds",
                .kind = CLI_NUMBER,
                .placeholder = "SECONDS",
                .help = "how long the token works",
                .default_value = "3600",
                .min = 1,
                .max = LIMIT_TTL_SECONDS,
        },
        {
                .name = "uses",
                .kind = CLI_NUMBER,
                .placeholder = "N",
                .help = "how many nodes may register with it",
                .default_value = "1",
                .min = 1,
                .max = LIMIT_TOKEN_USES,
        },
        {
                .name = "tags",
                .kind = CLI_TEXT,
                .repeatable = true,
                .placeholder = "TAG",
                .help = "tags of the nodes that register with it",
        },
        CLI_OPTION_JSON,
        {0},
};

const struct cli_command admin_token_create = {
        .path = "admin token create",
        .summary = "Create an enrolment token and print it; its secret is not shown again",
        .positionals = {CLI_NETWORK_POSITIONAL},
        .options = create_options,
        .run = run_create,
};

static const char *token_status(const struct enrollment_token *token, int64_t now)
{
	if (token->revoked_at)
		return "revoked";
	if (token->expires_at <= now)
		return "expired";
	return token->uses_left > 0 ? "usable" : "used up";
}

/* Our server lists short public ids. v1 servers list the secrets: print only their first
 * characters. Returns true for a secret. */
static bool token_cell(struct cli_table *table, const char *token)
{
	bool secret = strlen(token) > PUBLIC_ID_MAX;

	if (secret)
		cli_table_cellf(table, "%.8s..", token);
	else
		cli_table_cell(table, token);
	return secret;
}

static void print_list(const struct enrollment_token_list *list)
{
	static const char *const headers[] = {"TOKEN",   "STATUS", ">USES LEFT",
	                                      "EXPIRES", "TAGS",   NULL};
	struct cli_table *table = cli_table_new(headers);
	int64_t now = ls_wall_s();
	char age[CLI_AGE_TEXT];
	bool secrets = false;

	for (size_t i = 0; i < list->count; i++) {
		const struct enrollment_token *token = &list->items[i];
		LS_FREE char *tags = cli_join(token->tags, ", ");

		secrets |= token_cell(table, token->token);
		cli_table_cell(table, token_status(token, now));
		cli_table_cellf(table, "%" PRIu64, token->uses_left);
		cli_table_cell(table, cli_age(token->expires_at, now, age));
		cli_table_cell(table, tags);
	}
	cli_table_print(table, stdout, "no tokens");
	cli_table_free(table);
	if (secrets)
		cli_note("This server lists the tokens themselves: --json prints them in full.");
}

static int list(const struct cli_args *args, struct session *session, struct ls_fail *fail)
{
	const struct session_call call = {.endpoint = PROTO_ENDPOINT_TOKEN_LIST,
	                                  .params = {args->positionals[0]}};
	struct enrollment_token_list tokens = {0};
	int r = SESSION_CALL(session, &call, proto_token_list_decode, &tokens, fail);

	if (r < 0)
		return r;
	if (cli_given(args, "json"))
		return cli_print_json(proto_token_list_encode(&tokens), fail);
	print_list(&tokens);
	return 0;
}

static int run_list(const struct cli_args *args, struct ls_fail *fail)
{
	return admin_run(args, list, fail);
}

const struct cli_command admin_token_list = {
        .path = "admin token list",
        .summary = "List the enrolment tokens of a network, without their secrets",
        .positionals = {CLI_NETWORK_POSITIONAL},
        .options = admin_json_options,
        .run = run_list,
};

static int revoke_token(const struct cli_args *args, struct session *session, struct ls_fail *fail)
{
	const struct session_call call = {.endpoint = PROTO_ENDPOINT_TOKEN_REVOKE,
	                                  .params = {args->positionals[0]}};
	struct enrollment_token token = {0};
	int r = SESSION_CALL(session, &call, proto_enrollment_token_decode, &token, fail);

	if (r < 0)
		return r;
	if (cli_given(args, "json"))
		return cli_print_json(proto_enrollment_token_encode(&token), fail);
	cli_field("token", "%s", "revoked");
	cli_field("uses left", "%" PRIu64, token.uses_left);
	return 0;
}

static int run_revoke(const struct cli_args *args, struct ls_fail *fail)
{
	return admin_run(args, revoke_token, fail);
}

const struct cli_command admin_token_revoke = {
        .path = "admin token revoke",
        .summary = "Revoke an enrolment token",
        .positionals = {{.name = "TOKEN",
                         .help = "the token, or its id from 'admin token list'",
                         .secret = true}},
        .options = admin_json_options,
        .run = run_revoke,
};
