/* SPDX-License-Identifier: Apache-2.0 */
#include "server/options/set.h"

#include <errno.h>
#include <popt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/nearest.h"
#include "base/str.h"
#include "server/state/secrets.h"

static const char token_variable[] = "LIGHTSCALE_ADMIN_TOKEN";

enum {
	OPTION_TEXT = 64, /* of a name, in a message */
};

/* clang-format off */
static const struct poptOption table[] = {
	{"listen", 0, POPT_ARG_STRING, NULL, OPTION_LISTEN,
	 "where to answer HTTP; repeatable, comma lists; port 0 takes any free one; [::] is IPv6 only (0.0.0.0:8080)", "IP:PORT"},
	{"tls-listen", 0, POPT_ARG_STRING, NULL, OPTION_TLS_LISTEN,
	 "where to answer HTTPS; without it --tls-cert makes every --listen HTTPS", "IP:PORT"},
	{"tls-cert", 0, POPT_ARG_STRING, NULL, OPTION_TLS_CERT,
	 "the certificate and its chain in PEM, the server's own first; SIGHUP reads it and the key anew", "PATH"},
	{"tls-key", 0, POPT_ARG_STRING, NULL, OPTION_TLS_KEY,
	 "the certificate's private key in PEM, which others must not be able to read", "PATH"},
	{"trusted-proxy", 0, POPT_ARG_STRING, NULL, OPTION_TRUSTED_PROXY,
	 "proxies whose X-Forwarded-For tells where a request came from; repeatable, comma lists", "PREFIX"},
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
	{"metrics-listen", 0, POPT_ARG_STRING, NULL, OPTION_METRICS_LISTEN,
	 "where to answer GET /metrics for Prometheus, without a credential: keep it to trusted hosts", "IP:PORT"},
	{"user", 0, POPT_ARG_STRING, NULL, OPTION_USER,
	 "whom to run as, once the ports are open; only root can choose another (who starts it)", "NAME"},
	{"sandbox", 0, POPT_ARG_STRING, NULL, OPTION_SANDBOX,
	 "off: allow itself every system call; for hosts whose kernel or C library needs it (on)", "on|off"},
	{"config", 0, POPT_ARG_STRING, NULL, OPTION_CONFIG,
	 "a JSON object with these options by name; the command line wins", "PATH"},
	{"help", 'h', POPT_ARG_NONE, NULL, OPTION_HELP, "show this and end", NULL},
	{"version", 0, POPT_ARG_NONE, NULL, OPTION_VERSION, "show the version and end", NULL},
	POPT_TABLEEND
};
/* clang-format on */

/* What existing servers have and this one has not yet: no misspelling of another. */
static const char *const later[] = {"db-url",
                                    "db-url-file",
                                    "dns-listen",
                                    "mesh-ca-cert",
                                    "mesh-cert",
                                    "mesh-key",
                                    "mesh-listen",
                                    "mesh-max-hops",
                                    "mesh-peer",
                                    "mesh-server-id",
                                    "stream-relay-listen",
                                    "stun-listen",
                                    "udp-relay-listen",
                                    NULL};

const struct poptOption *options_table(void)
{
	return table;
}

static int take_option(struct options *options, poptContext context, int option,
                       struct ls_fail *fail)
{
	LS_FREE char *value = poptGetOptArg(context);
	char none[] = "";

	switch (option) {
	case OPTION_HELP:
		options->shown = true;
		poptPrintHelp(context, stdout, 0);
		return 0;
	case OPTION_VERSION:
		options->shown = true;
		(void)printf("lightscale-server %s\n", LS_VERSION);
		return 0;
	default:
		options->given |= 1U << option;
		return option_set(options, (enum option_value)option, value ? value : none, fail);
	}
}

int option_by_name(const char *name)
{
	for (const struct poptOption *it = table; it->longName; it++) {
		if (strcmp(it->longName, name) != 0)
			continue;
		return it->val == OPTION_CONFIG || it->val == OPTION_HELP ||
		                       it->val == OPTION_VERSION
		               ? 0
		               : it->val;
	}
	return 0;
}

static bool is_later(const char *word)
{
	size_t i = 0;

	while (later[i] && strcmp(later[i], word) != 0)
		i++;
	return later[i] != NULL;
}

int option_unknown(const char *before, const char *name, struct ls_fail *fail)
{
	char word[OPTION_TEXT];
	struct ls_nearest nearest;

	/* What stands behind the = may be a secret. */
	(void)snprintf(word, sizeof(word), "%.*s", (int)strcspn(name, "="), name);
	if (is_later(word))
		return ls_fail_set(fail, LS_ERROR_USAGE, "%s%s: this version has no such option",
		                   before, word);
	ls_nearest_init(&nearest, word);
	for (const struct poptOption *it = table; it->longName; it++) {
		/* A file may not hold them all. */
		if (strcmp(it->longName, word) != 0)
			ls_nearest_consider(&nearest, it->longName, it->longName);
	}
	ls_str_mask_control(word);
	if (!nearest.best)
		return ls_fail_set(fail, LS_ERROR_USAGE, "%s%s: unknown option; see --help", before,
		                   word);
	return ls_fail_set(fail, LS_ERROR_USAGE, "%s%s: unknown option; did you mean %s%s?", before,
	                   word, before, nearest.best);
}

static int bad_option(poptContext context, int why, struct ls_fail *fail)
{
	const char *option = poptBadOption(context, POPT_BADOPTION_NOALIAS);

	if (why == POPT_ERROR_BADOPT && ls_str_starts(option, "--"))
		return option_unknown("--", option + 2, fail);
	return ls_fail_set(fail, LS_ERROR_USAGE, "%.*s: %s; see --help", (int)strcspn(option, "="),
	                   option, poptStrerror(why));
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
		return bad_option(context, option, fail);
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

static int complete_token(struct options *options, struct ls_fail *fail)
{
	const char *token = getenv(token_variable);
	char *copy;
	int r;

	if (options->admin_token)
		return 0;
	if (!token)
		return ls_fail_set(fail, LS_ERROR_USAGE,
		                   "no admin token: give --admin-token-file PATH, %s or "
		                   "--admin-token TOKEN",
		                   token_variable);
	copy = ls_strdup(token);
	r = option_set(options, OPTION_ADMIN_TOKEN, copy, fail);
	secret_wipe(copy, strlen(copy));
	free(copy);
	return r;
}

static int check_tls(const struct options *options, struct ls_fail *fail)
{
	if (!options->tls_cert != !options->tls_key)
		return ls_fail_set(fail, LS_ERROR_USAGE, "--tls-cert and --tls-key go together");
	if (options->tls_listen.count > 0 && !options->tls_cert)
		return ls_fail_set(fail, LS_ERROR_USAGE,
		                   "--tls-listen needs --tls-cert and --tls-key");
	return 0;
}

/* Where existing servers find their database: not a word would look like an empty one. */
static void warn_of_ignored(void)
{
	if (getenv("LIGHTSCALE_DB_URL"))
		ls_warn("options.ignored", "variable=LIGHTSCALE_DB_URL error=\"this version keeps "
		                           "its data in the file of --state alone\"");
}

static int complete(struct options *options, struct ls_fail *fail)
{
	int r = options->config_path ? options_read_config(options, options->config_path, fail) : 0;

	if (r == 0)
		r = check_tls(options, fail);
	if (r == 0 && !options->state_path)
		r = ls_fail_set(fail, LS_ERROR_USAGE,
		                "--state PATH is missing: where the server keeps its data");
	if (r == 0)
		r = complete_token(options, fail);
	if (r == 0)
		warn_of_ignored();
	return r;
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
	free(options->user);
	free(options->tls_cert);
	free(options->tls_key);
	free(options->config_path);
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
