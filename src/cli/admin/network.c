/* SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>
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
#include "proto/network_rules.h"

#define RULES_HELP                                                                                  \
	"What the network's id is worth depends on --join. link: whoever knows the id can join,\n"  \
	"since register-url prints a link that approves the machine. admin: whoever knows it can\n" \
	"ask to join; an admin approves. off: it is worth nothing; machines need an enrolment\n"    \
	"token."

static const char *const join_choices[] = {"link", "admin", "off", NULL};
static const char *const revocation_choices[] = {"final", "rotate", NULL};

#define OPTION_JOIN(default)                                                                       \
	{                                                                                          \
		.name = "join", .kind = CLI_CHOICE, .placeholder = "HOW",                          \
		.help = "who approves machines that ask to join by the network's id",              \
		.default_help = (default), .choices = join_choices,                                \
	}
#define OPTION_REVOCATION(default)                                                                 \
	{                                                                                          \
		.name = "revocation", .kind = CLI_CHOICE, .placeholder = "HOW",                    \
		.help = "final: only an admin lifts it; rotate: the node's rotate-keys, too",      \
		.default_help = (default), .choices = revocation_choices,                          \
	}

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

/* The rules on the command line. The parser has checked the names. */
static struct network_rules_given take_rules(const struct cli_args *args)
{
	struct network_rules_given given = {
	        .has_join = cli_given(args, "join"),
	        .has_revocation = cli_given(args, "revocation"),
	};
	bool known = true;

	if (given.has_join)
		known = proto_network_join_parse(cli_text(args, "join"), &given.rules.join);
	if (given.has_revocation)
		known = proto_network_revocation_parse(cli_text(args, "revocation"),
		                                       &given.rules.revocation) &&
		        known;
	assert(known);
	return given;
}

/* Whoever wants to approve nodes does not want the id alone to be enough. */
static struct network_rules_given rules_to_create(const struct cli_args *args)
{
	struct network_rules_given given = take_rules(args);

	if (!given.has_join && cli_given(args, "requires-approval")) {
		given.has_join = true;
		given.rules.join = NETWORK_JOIN_ADMIN;
	}
	return given;
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
	        .given = rules_to_create(args),
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

/* What the network's id is worth. */
static const char *join_text(enum network_join join)
{
	static const char *const texts[] = {
	        [NETWORK_JOIN_LINK] = "link: whoever knows the id can join, without an admin",
	        [NETWORK_JOIN_ADMIN] = "admin: whoever knows the id can ask to join; an admin "
	                               "approves",
	        [NETWORK_JOIN_OFF] = "off: nobody can join with the id; an enrolment token is "
	                             "needed",
	};

	return texts[join];
}

static void print_rules(const struct network_rules_given *given)
{
	bool final = given->rules.revocation == NETWORK_REVOCATION_FINAL;

	cli_field("join", "%s", join_text(given->rules.join));
	cli_field("revocation", "%s",
	          final ? "final: only an admin lifts it"
	                : "rotate: the node lifts it with rotate-keys");
}

/* A server that knows no rules has taken the request without them. */
static void note_ignored_rules(const struct network_rules_given *wanted,
                               const struct network_rules_given *got)
{
	if (wanted->has_join && !got->has_join && wanted->rules.join != NETWORK_JOIN_LINK)
		cli_note("This server ignores --join: whoever knows the network's id can join it.");
	if (wanted->has_revocation && !got->has_revocation &&
	    wanted->rules.revocation != NETWORK_REVOCATION_ROTATE)
		cli_note("This server ignores --revocation: a node lifts it with rotate-keys.");
}

static void print_network(const struct network_details *details)
{
	const struct network_info *network = &details->info;
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
	print_rules(&details->given);
}

static void note_token(const struct session *session, const struct network_info *network)
{
	char command[sizeof("admin token create ") + LIMIT_ID_LEN];

	(void)snprintf(command, sizeof(command), "admin token create %s", network->id);
	session_note_next(session, command, "makes a token for nodes");
}

static int create(const struct cli_args *args, struct session *session, struct ls_fail *fail)
{
	const struct network_rules_given wanted = rules_to_create(args);
	struct network_create_answer answer = {0};
	struct session_call call = {.endpoint = PROTO_ENDPOINT_NETWORK_CREATE};
	int r = encode_request(args, &call.body, fail);

	if (r < 0)
		return r;
	r = SESSION_CALL(session, &call, proto_network_create_answer_decode, &answer, fail);
	if (r < 0)
		return r;
	note_ignored_rules(&wanted, &answer.network.given);
	if (cli_given(args, "json"))
		return cli_print_json(proto_network_create_answer_encode(&answer), fail);
	print_network(&answer.network);
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
        OPTION_JOIN("link; with --requires-approval: admin"),
        OPTION_REVOCATION("final"),
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
        .description = RULES_HELP,
        .positionals = {{.name = "NAME", .help = "a name, for people to read"}},
        .options = create_options,
        .run = run_create,
};

static void print_list(const struct network_list *list)
{
	static const char *const headers[] = {"ID",         "NAME",     "IPV4", "IPV6",
	                                      "DNS DOMAIN", "APPROVAL", "JOIN", NULL};
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
		cli_table_cell(table, proto_network_join_name(list->items[i].given.rules.join));
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

static int set(const struct cli_args *args, struct session *session, struct ls_fail *fail)
{
	const struct network_rules_given given = take_rules(args);
	const struct session_call call = {.endpoint = PROTO_ENDPOINT_NETWORK_UPDATE,
	                                  .params = {args->positionals[0]},
	                                  .body = proto_network_update_encode(&given)};
	struct network_details network = {0};
	int r = SESSION_CALL(session, &call, proto_network_answer_decode, &network, fail);

	if (r < 0 && fail->http_status == 405)
		return ls_fail_append(fail, "; not every control server has rules of networks");
	if (r < 0)
		return r;
	if (cli_given(args, "json"))
		return cli_print_json(proto_network_answer_encode(&network), fail);
	print_network(&network);
	return 0;
}

static int run_set(const struct cli_args *args, struct ls_fail *fail)
{
	if (!cli_given(args, "join") && !cli_given(args, "revocation"))
		return ls_fail_set(fail, LS_ERROR_USAGE,
		                   "nothing to set: give --join or --revocation");
	return admin_run(args, set, fail);
}

static const struct cli_option set_options[] = {
        OPTION_JOIN(NULL),
        OPTION_REVOCATION(NULL),
        CLI_OPTION_JSON,
        {0},
};

const struct cli_command admin_network_set = {
        .path = "admin network set",
        .summary = "Change the rules of a network",
        .description = RULES_HELP,
        .positionals = {CLI_NETWORK_POSITIONAL},
        .options = set_options,
        .run = run_set,
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
