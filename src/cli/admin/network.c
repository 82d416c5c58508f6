/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "cli/admin/admin.h"
#include "cli/admin/commands.h"
#include "cli/frame/options.h"
#include "cli/frame/output.h"
#include "cli/frame/table.h"
#include "cli/session/session.h"
#include "proto/limits.h"
#include "proto/network_create.h"

static int check_usage(const struct cli_args *args, struct ls_fail *fail)
{
	static const char *const needs_ttl[] = {"token-uses", "token-tags"};

	for (size_t i = 0; i < sizeof(needs_ttl) / sizeof(needs_ttl[0]); i++) {
		if (cli_given(args, needs_ttl[i]) && !cli_given(args, "token-ttl"))
			return ls_fail_set(fail, LS_ERROR_USAGE,
			                   "--%s needs --token-ttl: without it no token is made",
			                   needs_ttl[i]);
	}
	return 0;
}

static int take_overlay(const struct cli_args *args, const char *option, enum ls_family family,
                        struct ls_prefix *ret, struct ls_fail *fail)
{
	const char *text = cli_text(args, option);

	if (!text)
		return 0;
	if (ls_prefix_parse(text, ret) < 0 || ret->ip.family != family)
		return ls_fail_set(fail, LS_ERROR_USAGE, "--%s '%s': not an IPv%d prefix", option,
		                   text, (int)family);
	return 0;
}

static int encode_request(const struct cli_args *args, json_t **ret, struct ls_fail *fail)
{
	LS_FREE const char **tags = NULL;
	struct network_create request = {
	        .name = args->positionals[0],
	        .dns_domain = cli_text(args, "dns-domain"),
	        .requires_approval = cli_given(args, "requires-approval"),
	        .has_key_max_age = cli_given(args, "key-max-age"),
	        .key_rotation_max_age_seconds = cli_number(args, "key-max-age"),
	        .token_ttl_seconds = cli_number(args, "token-ttl"),
	        .token_uses = cli_number(args, "token-uses"),
	};
	int r = take_overlay(args, "overlay-v4", LS_FAMILY_V4, &request.overlay_v4, fail);

	if (r == 0)
		r = take_overlay(args, "overlay-v6", LS_FAMILY_V6, &request.overlay_v6, fail);
	if (r < 0)
		return r;
	tags = cli_list(args, "token-tags", &request.token_tags.count);
	request.token_tags.items = tags;
	*ret = proto_network_create_encode(&request);
	return 0;
}

static void print_network(const struct network_info *network)
{
	char v4[LS_PREFIX_TEXT], v6[LS_PREFIX_TEXT], age[CLI_AGE_TEXT];

	cli_field("network", "%s", network->name);
	cli_field("id", "%s", network->id);
	cli_field("IPv4", "%s", ls_prefix_format(&network->overlay_v4, v4));
	cli_field("IPv6", "%s", ls_prefix_format(&network->overlay_v6, v6));
	cli_field("DNS domain", "%s", network->dns_domain);
	cli_field("approval", "%s", network->requires_approval ? "required" : "not required");
	cli_field("key age", "%s",
	          network->has_key_max_age
	                  ? cli_duration(network->key_rotation_max_age_seconds, age)
	                  : "unlimited");
}

static void note_token(const struct session *session, const struct network_info *network)
{
	char command[sizeof("admin token create ") + LIMIT_ID_LEN];

	(void)snprintf(command, sizeof(command), "admin token create %s", network->id);
	session_note_next(session, command, "makes a token for nodes");
}

static int create(const struct cli_args *args, struct session *session, struct ls_fail *fail)
{
	struct network_create_answer answer = {0};
	struct session_call call = {.endpoint = PROTO_ENDPOINT_NETWORK_CREATE};
	int r = encode_request(args, &call.body, fail);

	if (r < 0)
		return r;
	r = SESSION_CALL(session, &call, proto_network_create_answer_decode, &answer, fail);
	if (r < 0)
		return r;
	if (cli_given(args, "json"))
		return cli_print_json(proto_network_create_answer_encode(&answer), fail);
	print_network(&answer.network.info);
	if (answer.has_token)
		admin_print_token(session, &answer.bootstrap_token);
	else
		note_token(session, &answer.network.info);
	return 0;
}

static int run_create(const struct cli_args *args, struct ls_fail *fail)
{
	int r = check_usage(args, fail);

	return r < 0 ? r : admin_run(args, create, fail);
}

static const struct cli_option create_options[] = {
        {
                .name = "overlay-v4",
                .kind = CLI_PREFIX,
                .placeholder = "PREFIX",
                .help = "IPv4 addresses of the nodes",
                .default_help = "chosen by the server",
        },
        {
                .name = "overlay-v6",
                .kind = CLI_PREFIX,
                .placeholder = "PREFIX",
                .help = "IPv6 addresses of the nodes",
                .default_help = "chosen by the server",
        },
        {
                .name = "dns-domain",
                .kind = CLI_TEXT,
                .placeholder = "DOMAIN",
                .help = "the domain of the nodes' names",
                .default_help = "net-ID.lightscale",
        },
        {
                .name = "requires-approval",
                .kind = CLI_FLAG,
                .help = "nodes wait for approval, also those with a token",
        },
        {
                .name = "key-max-age",
                .kind = CLI_NUMBER,
                .placeholder = "SECONDS",
                .help = "nodes with older keys are cut off until they rotate them",
                .default_help = "unlimited",
                .min = 1,
                .max = UINT32_MAX,
        },
        {
                .name = "token-ttl",
                .kind = CLI_NUMBER,
                .placeholder = "SECONDS",
                .help = "also create an enrolment token that works this long",
                .min = 1,
                .max = LIMIT_TTL_SECONDS,
        },
        {
                .name = "token-uses",
                .kind = CLI_NUMBER,
                .placeholder = "N",
                .help = "how many nodes may register with that token",
                .default_value = "1",
                .min = 1,
                .max = LIMIT_TOKEN_USES,
        },
        {
                .name = "token-tags",
                .kind = CLI_TEXT,
                .repeatable = true,
                .placeholder = "TAG",
                .help = "tags of the nodes that register with it",
        },
        CLI_OPTION_JSON,
        {0},
};

const struct cli_command admin_network_create = {
        .path = "admin network create",
        .summary = "Create a network",
        .positionals = {{.name = "NAME", .help = "a name, for people to read"}},
        .options = create_options,
        .run = run_create,
};

static void print_list(const struct network_list *list)
{
	static const char *const headers[] = {"ID",         "NAME",     "IPV4", "IPV6",
	                                      "DNS DOMAIN", "APPROVAL", NULL};
	struct cli_table *table = cli_table_new(headers);
	char text[LS_PREFIX_TEXT];

	for (size_t i = 0; i < list->count; i++) {
		const struct network_info *network = &list->items[i].info;

		cli_table_cell(table, network->id);
		cli_table_cell(table, network->name);
		cli_table_cell(table, ls_prefix_format(&network->overlay_v4, text));
		cli_table_cell(table, ls_prefix_format(&network->overlay_v6, text));
		cli_table_cell(table, network->dns_domain);
		cli_table_cell(table, network->requires_approval ? "required" : "no");
	}
	cli_table_print(table, stdout, "no networks");
	cli_table_free(table);
}

static int list(const struct cli_args *args, struct session *session, struct ls_fail *fail)
{
	const struct session_call call = {.endpoint = PROTO_ENDPOINT_NETWORK_LIST};
	struct network_list networks = {0};
	int r = SESSION_CALL(session, &call, proto_network_list_decode, &networks, fail);

	/* v1 servers lack this endpoint, and their error text does not say so. */
	if (r == LS_ERROR_NOT_FOUND || (r < 0 && fail->http_status == 405))
		return ls_fail_append(fail, "; not every control server can list networks");
	if (r < 0)
		return r;
	if (cli_given(args, "json"))
		return cli_print_json(proto_network_list_encode(&networks), fail);
	print_list(&networks);
	return 0;
}

static int run_list(const struct cli_args *args, struct ls_fail *fail)
{
	return admin_run(args, list, fail);
}

const struct cli_command admin_network_list = {
        .path = "admin network list",
        .summary = "List the networks",
        .options = admin_json_options,
        .run = run_list,
};

static int delete_network(const struct cli_args *args, struct session *session,
                          struct ls_fail *fail)
{
	const char *id = args->positionals[0];
	const struct session_call call = {.endpoint = PROTO_ENDPOINT_NETWORK_DELETE,
	                                  .params = {id}};
	int r = session_send(session, &call, fail);

	if (r < 0)
		return r;
	if (cli_given(args, "json"))
		return cli_print_json(json_pack("{s:s}", "network_id", id), fail);
	cli_field("deleted", "%s", id);
	return 0;
}

static int run_delete(const struct cli_args *args, struct ls_fail *fail)
{
	return admin_run(args, delete_network, fail);
}

const struct cli_command admin_network_delete = {
        .path = "admin network delete",
        .summary = "Delete a network that has no nodes, and its tokens",
        .positionals = {CLI_NETWORK_POSITIONAL},
        .options = admin_json_options,
        .run = run_delete,
};
