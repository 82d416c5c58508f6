/* SPDX-License-Identifier: Apache-2.0 */
#include "server/options/parse.h"

#include <errno.h>
#include <popt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/str.h"
#include "server/options/config.h"
#include "server/options/set.h"
#include "server/state/former.h"
#include "server/state/secrets.h"

enum {
	STRONG_TOKEN_LEN = 16, /* the --help of --allow-weak-admin-token has it too */
};

static const char token_variable[] = "LIGHTSCALE_ADMIN_TOKEN";

/* "after 30d" may be one word or two. The second one waits behind all options. */
static int take_age(struct options *options, poptContext context, struct ls_fail *fail)
{
	const char *age = poptGetArg(context);
	LS_FREE char *value = NULL;

	if (asprintf(&value, "after %s", age ? age : "") < 0)
		abort();
	return options_set(options, OPTION_REUSE_ADDRESSES, value, fail);
}

static int take_option(struct options *options, poptContext context, int option, bool *wants_age,
                       struct ls_fail *fail)
{
	LS_FREE char *value = poptGetOptArg(context);
	char none[] = "";

	switch (option) {
	case OPTION_HELP:
		options->shown = true;
		poptSetOtherOptionHelp(context, "[OPTION...]\n"
		                                "       lightscale-server import FILE --state PATH "
		                                "(make PATH from the state of a v1 server)");
		poptPrintHelp(context, stdout, 0);
		return 0;
	case OPTION_VERSION:
		options->shown = true;
		(void)printf("lightscale-server %s\n", LS_VERSION);
		return 0;
	default:
		options->given |= 1U << option;
		if (option == OPTION_REUSE_ADDRESSES) {
			*wants_age = ls_streq(value, "after");
			if (*wants_age)
				return 0;
		}
		return options_set(options, (enum option_value)option, value ? value : none, fail);
	}
}

static int bad_option(poptContext context, int why, struct ls_fail *fail)
{
	const char *option = poptBadOption(context, POPT_BADOPTION_NOALIAS);

	if (why == POPT_ERROR_BADOPT && ls_str_starts(option, "--"))
		return options_unknown("--", option + 2, fail);
	return ls_fail_set(fail, LS_ERROR_USAGE, "%.*s: %s; see --help", (int)strcspn(option, "="),
	                   option, poptStrerror(why));
}

static int take_import(struct options *options, poptContext context, struct ls_fail *fail)
{
	const char *file = poptGetArg(context);

	if (!file || poptPeekArg(context))
		return ls_fail_set(fail, LS_ERROR_USAGE,
		                   "import takes one FILE, the state of an existing server");
	if (strstr(file, "://"))
		return ls_fail_set(fail, LS_ERROR_USAGE,
		                   "import reads files only: write the state of the database into "
		                   "one, as docs/server.md shows");
	options->import_path = ls_strdup(file);
	return 0;
}

static int take_all(struct options *options, poptContext context, struct ls_fail *fail)
{
	const char *extra;
	bool wants_age = false;
	int option = -1, r = 0;

	while (r == 0 && !options->shown && (option = poptGetNextOpt(context)) > 0)
		r = take_option(options, context, option, &wants_age, fail);
	if (r < 0 || options->shown)
		return r;
	if (option < -1)
		return bad_option(context, option, fail);
	if (wants_age)
		r = take_age(options, context, fail);
	if (r < 0)
		return r;
	extra = poptGetArg(context);
	if (extra && strcmp(extra, "import") == 0)
		return take_import(options, context, fail);
	if (extra)
		return ls_fail_set(fail, LS_ERROR_USAGE, "%s: not an option; see --help", extra);
	return 0;
}

/* Call it when popt is done with argv. */
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
	r = options_set(options, OPTION_ADMIN_TOKEN, copy, fail);
	state_secret_wipe(copy, strlen(copy));
	free(copy);
	return r;
}

/* The admin token gives every right, and anyone who reaches the server may guess it for as long as
 * it runs. A long one is no proof of a random one, but a short one cannot be good. Comes last: an
 * option after the token, or in the file, may allow it. */
static int check_token_strength(const struct options *options, struct ls_fail *fail)
{
	if (strlen(options->admin_token) >= STRONG_TOKEN_LEN)
		return 0;
	if (!options->allow_weak_admin_token)
		return ls_fail_set(fail, LS_ERROR_USAGE,
		                   "the admin token has fewer than %d characters, so others can "
		                   "guess it; make one with: head -c 24 /dev/urandom | base64",
		                   (int)STRONG_TOKEN_LEN);
	ls_warn("options.weak_admin_token",
	        "error=\"the admin token has fewer than %d characters, so others can guess it\"",
	        (int)STRONG_TOKEN_LEN);
	return 0;
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

/* Servers of other versions find their database in this variable. Without a warning, their admins
 * would only see that the database is empty. */
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
	if (r < 0 || options->import_path)
		return r;
	r = complete_token(options, fail);
	if (r == 0)
		r = check_token_strength(options, fail);
	if (r == 0)
		warn_of_ignored();
	return r;
}

int options_parse(int argc, char **argv, struct options *ret, struct ls_fail *fail)
{
	poptContext context =
	        poptGetContext("lightscale-server", argc, (const char **)argv, options_table(), 0);
	int r;

	*ret = (struct options){.reuse_addresses_after_s = STATE_REUSE_AFTER_S};
	if (!context)
		return ls_fail_set(fail, -ENOMEM, "out of memory");
	r = take_all(ret, context, fail);
	(void)poptFreeContext(context);
	hide_token(argc, argv);
	if (r == 0 && !ret->shown)
		r = complete(ret, fail);
	return r;
}
