/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/session/allow.h"

#include <stdlib.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "proto/names.h"

static int read_prefixes(const struct cli_args *args, struct session_allow *allow,
                         struct ls_fail *fail)
{
	size_t count;
	LS_FREE const char **texts = cli_list(args, "allow-prefix", &count);

	allow->prefixes = ls_try_array(count, sizeof(*allow->prefixes));
	if (!allow->prefixes)
		abort(); /* a few words of a command line */
	for (size_t i = 0; i < count; i++) {
		if (ls_prefix_parse(texts[i], &allow->prefixes[i]) < 0)
			return ls_fail_set(fail, LS_ERROR_USAGE, "--allow-prefix %s: not a prefix",
			                   texts[i]);
	}
	allow->allow.prefixes = allow->prefixes;
	allow->allow.prefix_count = count;
	return 0;
}

static int read_domains(const struct cli_args *args, struct session_allow *allow,
                        struct ls_fail *fail)
{
	struct ls_fail why;

	allow->domains = cli_list(args, "allow-domain", &allow->allow.domains.count);
	allow->allow.domains.items = allow->domains;
	for (size_t i = 0; i < allow->allow.domains.count; i++) {
		if (proto_name_check_domain(allow->domains[i], "domain", &why) < 0)
			return ls_fail_set(fail, LS_ERROR_USAGE, "--allow-domain %s: %s",
			                   allow->domains[i], why.text);
	}
	return 0;
}

int session_allow_read(const struct cli_args *args, struct session_allow *ret, struct ls_fail *fail)
{
	int r = read_prefixes(args, ret, fail);

	if (r < 0)
		return r;
	if (cli_option_find(args->command, "dns-short-names"))
		ret->allow.short_names = cli_given(args, "dns-short-names");
	return read_domains(args, ret, fail);
}

void session_allow_done(struct session_allow *allow)
{
	free(allow->prefixes);
	free(allow->domains);
	*allow = (struct session_allow){0};
}
