/* SPDX-License-Identifier: Apache-2.0 */
#include "server/options.h"

#include <errno.h>
#include <popt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/files.h"
#include "base/str.h"
#include "model/names.h"
#include "server/state/secrets.h"

static const char default_listen[] = "0.0.0.0:8080";
static const char token_variable[] = "LIGHTSCALE_ADMIN_TOKEN";

enum option_value {
	OPTION_LISTEN = 1,
	OPTION_STATE,
	OPTION_ADMIN_TOKEN,
	OPTION_ADMIN_TOKEN_FILE,
	OPTION_CONTROL_URL,
	OPTION_STUN,
	OPTION_TURN,
	OPTION_STREAM_RELAY,
	OPTION_UDP_RELAY,
	OPTION_DNS,
	OPTION_HELP,
	OPTION_VERSION,
};

/* clang-format off */
static const struct poptOption table[] = {
	{"listen", 0, POPT_ARG_STRING, NULL, OPTION_LISTEN,
	 "where to answer HTTP; repeatable, comma lists; port 0 takes any free one; [::] is IPv6 only (0.0.0.0:8080)", "IP:PORT"},
	{"state", 0, POPT_ARG_STRING, NULL, OPTION_STATE,
	 "the SQLite file that holds everything; made when missing", "PATH"},
	{"admin-token", 0, POPT_ARG_STRING, NULL, OPTION_ADMIN_TOKEN,
	 "what admins show; also in the environment as LIGHTSCALE_ADMIN_TOKEN", "TOKEN"},
	{"admin-token-file", 0, POPT_ARG_STRING, NULL, OPTION_ADMIN_TOKEN_FILE,
	 "the same, read from the first line of a file", "PATH"},
	{"control-url", 0, POPT_ARG_STRING, NULL, OPTION_CONTROL_URL,
	 "a URL under which clients reach this server; repeatable, comma lists", "URL"},
	{"stun", 0, POPT_ARG_STRING, NULL, OPTION_STUN,
	 "STUN servers that netmaps announce; this and the next are repeatable, comma lists", "HOST:PORT"},
	{"turn", 0, POPT_ARG_STRING, NULL, OPTION_TURN,
	 "TURN servers that netmaps announce", "HOST:PORT"},
	{"stream-relay", 0, POPT_ARG_STRING, NULL, OPTION_STREAM_RELAY,
	 "stream relays that netmaps announce", "HOST:PORT"},
	{"udp-relay", 0, POPT_ARG_STRING, NULL, OPTION_UDP_RELAY,
	 "UDP relays that netmaps announce", "HOST:PORT"},
	{"dns", 0, POPT_ARG_STRING, NULL, OPTION_DNS,
	 "DNS servers that netmaps announce", "HOST:PORT"},
	{"help", 'h', POPT_ARG_NONE, NULL, OPTION_HELP, "show this and end", NULL},
	{"version", 0, POPT_ARG_NONE, NULL, OPTION_VERSION, "show the version and end", NULL},
	POPT_TABLEEND
};
/* clang-format on */

const struct poptOption *options_table(void)
{
	return table;
}

static int bad_usage(struct ls_fail *fail, const char *option, const char *value, const char *why)
{
	return ls_fail_set(fail, LS_ERROR_USAGE, "--%s %s: %s", option, value, why);
}

/* Port 0 is no endpoint elsewhere; here it asks for any. */
static int parse_listen(const char *text, struct ls_endpoint *ret)
{
	const char *colon = strrchr(text, ':');
	char host[LS_ENDPOINT_TEXT];
	int n;

	if (!colon || strcmp(colon, ":0") != 0)
		return ls_endpoint_parse(text, ret);
	n = snprintf(host, sizeof(host), "%.*s:1", (int)(colon - text), text);
	if (n < 0 || (size_t)n >= sizeof(host) || ls_endpoint_parse(host, ret) < 0)
		return LS_ERROR_SYNTAX;
	ret->port = 0;
	return 0;
}

static int add_listen(struct options *options, const char *item, struct ls_fail *fail)
{
	if (options->listen_count == OPTIONS_LISTEN_MAX)
		return bad_usage(fail, "listen", item, "too many of them");
	if (parse_listen(item, &options->listen[options->listen_count]) < 0)
		return bad_usage(fail, "listen", item,
		                 "not an address and a port, as in 0.0.0.0:8080 or [::]:8080");
	options->listen_count++;
	return 0;
}

static int add_host_port(struct option_list *list, const char *option, const char *item,
                         struct ls_fail *fail)
{
	struct ls_fail why;

	if (list->count == LIMIT_SERVERS)
		return bad_usage(fail, option, item, "too many of them");
	if (name_check_host_port(item, "server", &why) < 0)
		return bad_usage(fail, option, item,
		                 "not a host and a port, as in relay.example:3478");
	list->items[list->count++] = ls_strdup(item);
	return 0;
}

static int add_url(struct option_list *list, const char *item, struct ls_fail *fail)
{
	bool http = ls_str_starts(item, "http://") || ls_str_starts(item, "https://");

	if (list->count == LIMIT_CONTROL_URLS)
		return bad_usage(fail, "control-url", item, "too many of them");
	if (!http || strlen(item) > LIMIT_URL_LEN || ls_str_has_control(item) || strchr(item, ' '))
		return bad_usage(fail, "control-url", item, "not an http:// or https:// URL");
	list->items[list->count++] = ls_strdup(item);
	return 0;
}

static int add_item(struct options *options, int option, const char *item, struct ls_fail *fail)
{
	switch (option) {
	case OPTION_LISTEN:
		return add_listen(options, item, fail);
	case OPTION_CONTROL_URL:
		return add_url(&options->control_urls, item, fail);
	case OPTION_STUN:
		return add_host_port(&options->stun, "stun", item, fail);
	case OPTION_TURN:
		return add_host_port(&options->turn, "turn", item, fail);
	case OPTION_STREAM_RELAY:
		return add_host_port(&options->stream_relay, "stream-relay", item, fail);
	case OPTION_UDP_RELAY:
		return add_host_port(&options->udp_relay, "udp-relay", item, fail);
	default:
		return add_host_port(&options->dns, "dns", item, fail);
	}
}

static int add_items(struct options *options, int option, char *list, struct ls_fail *fail)
{
	char *item = list;
	int r = 0;

	while (r == 0 && item) {
		char *comma = strchr(item, ',');

		if (comma)
			*comma++ = '\0';
		r = add_item(options, option, item, fail);
		item = comma;
	}
	return r;
}

static int set_token(struct options *options, const char *token, const char *from,
                     struct ls_fail *fail)
{
	size_t len = strlen(token);

	if (len == 0 || len > LIMIT_TOKEN_LEN)
		return ls_fail_set(fail, LS_ERROR_USAGE,
		                   "%s: the admin token must have 1 to %d characters", from,
		                   (int)LIMIT_TOKEN_LEN);
	for (size_t i = 0; i < len; i++) {
		if (token[i] <= ' ' || token[i] > '~')
			return ls_fail_set(fail, LS_ERROR_USAGE,
			                   "%s: the admin token may only have printable ASCII "
			                   "characters, and no blanks",
			                   from);
	}
	if (options->admin_token)
		secret_wipe(options->admin_token, strlen(options->admin_token));
	free(options->admin_token);
	options->admin_token = ls_strdup(token);
	return 0;
}

static int read_token_file(struct options *options, const char *path, struct ls_fail *fail)
{
	LS_FREE char *data = NULL;
	size_t len = 0;
	int r = ls_file_read(path, 4096, &data, &len, fail);

	if (r < 0) {
		(void)ls_fail_prefix(fail, "--admin-token-file");
		return LS_ERROR_USAGE;
	}
	data[strcspn(data, "\r\n")] = '\0';
	r = set_token(options, data, "--admin-token-file", fail);
	secret_wipe(data, len);
	return r;
}

static int take_option(struct options *options, poptContext context, int option,
                       struct ls_fail *fail)
{
	LS_FREE char *value = poptGetOptArg(context);

	switch (option) {
	case OPTION_STATE:
		if (!value || *value == '\0')
			return bad_usage(fail, "state", "\"\"", "a path is needed");
		free(options->state_path);
		options->state_path = LS_STEAL(value);
		return 0;
	case OPTION_ADMIN_TOKEN:
		return set_token(options, value ? value : "", "--admin-token", fail);
	case OPTION_ADMIN_TOKEN_FILE:
		return read_token_file(options, value ? value : "", fail);
	case OPTION_HELP:
		options->shown = true;
		poptPrintHelp(context, stdout, 0);
		return 0;
	case OPTION_VERSION:
		options->shown = true;
		(void)printf("lightscale-server %s\n", LS_VERSION);
		return 0;
	default:
		return add_items(options, option, value, fail);
	}
}

static int take_all(struct options *options, poptContext context, struct ls_fail *fail)
{
	const char *extra;
	int option = -1, r = 0;

	while (r == 0 && !options->shown && (option = poptGetNextOpt(context)) > 0)
		r = take_option(options, context, option, fail);
	if (r < 0 || options->shown)
		return r;
	if (option < -1)
		return ls_fail_set(fail, LS_ERROR_USAGE, "%s: %s; see --help",
		                   poptBadOption(context, POPT_BADOPTION_NOALIAS),
		                   poptStrerror(option));
	extra = poptGetArg(context);
	if (extra)
		return ls_fail_set(fail, LS_ERROR_USAGE, "%s: not an option; see --help", extra);
	return 0;
}

/* Called after popt made its copies. */
static void hide_token(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		char *value = NULL;

		if (ls_str_starts(argv[i], "--admin-token="))
			value = argv[i] + strlen("--admin-token=");
		else if (strcmp(argv[i], "--admin-token") == 0 && i + 1 < argc)
			value = argv[++i];
		if (value)
			memset(value, 'x', strlen(value));
	}
}

static int complete(struct options *options, struct ls_fail *fail)
{
	const char *token = getenv(token_variable);
	int r = 0;

	if (!options->admin_token && token)
		r = set_token(options, token, token_variable, fail);
	if (r == 0 && options->listen_count == 0)
		r = add_listen(options, default_listen, fail);
	if (r < 0)
		return r;
	if (!options->state_path)
		return ls_fail_set(fail, LS_ERROR_USAGE,
		                   "--state PATH is missing: where the server keeps its data");
	if (!options->admin_token)
		return ls_fail_set(fail, LS_ERROR_USAGE,
		                   "no admin token: give --admin-token-file PATH, %s or "
		                   "--admin-token TOKEN",
		                   token_variable);
	return 0;
}

int options_parse(int argc, char **argv, struct options *ret, struct ls_fail *fail)
{
	poptContext context =
	        poptGetContext("lightscale-server", argc, (const char **)argv, table, 0);
	int r;

	*ret = (struct options){0};
	if (!context)
		return ls_fail_set(fail, -ENOMEM, "out of memory");
	r = take_all(ret, context, fail);
	(void)poptFreeContext(context);
	hide_token(argc, argv);
	if (r == 0 && !ret->shown)
		r = complete(ret, fail);
	return r;
}

static void free_list(struct option_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		free((void *)(uintptr_t)list->items[i]);
	list->count = 0;
}

void options_done(struct options *options)
{
	struct option_list *const lists[] = {&options->control_urls, &options->stun,
	                                     &options->turn,         &options->stream_relay,
	                                     &options->udp_relay,    &options->dns};

	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
		free_list(lists[i]);
	if (options->admin_token)
		secret_wipe(options->admin_token, strlen(options->admin_token));
	free(options->admin_token);
	free(options->state_path);
	*options = (struct options){0};
}

static struct string_list as_strings(const struct option_list *list)
{
	return (struct string_list){.items = list->items, .count = list->count};
}

bool options_relay(const struct options *options, struct relay_config *ret)
{
	*ret = (struct relay_config){.stun_servers = as_strings(&options->stun),
	                             .turn_servers = as_strings(&options->turn),
	                             .stream_relay_servers = as_strings(&options->stream_relay),
	                             .udp_relay_servers = as_strings(&options->udp_relay),
	                             .dns_servers = as_strings(&options->dns)};
	return ret->stun_servers.count + ret->turn_servers.count + ret->stream_relay_servers.count +
	               ret->udp_relay_servers.count + ret->dns_servers.count >
	       0;
}
