/* SPDX-License-Identifier: Apache-2.0 */
/* The options with which a user lets control servers decide more about this host. */
#ifndef LS_CLI_SESSION_ALLOW_H
#define LS_CLI_SESSION_ALLOW_H

#include "cli/frame/args.h"
#include "plan/facts.h"

#define CLI_OPTION_ALLOW_PREFIX                                                                    \
	{                                                                                          \
		.name = "allow-prefix", .kind = CLI_PREFIX, .repeatable = true,                    \
		.placeholder = "PREFIX",                                                           \
		.help = "use the network's prefix inside of this one, even if it is public or "    \
		        "this host has it"                                                         \
	}
#define CLI_OPTION_ALLOW_DOMAIN                                                                    \
	{                                                                                          \
		.name = "allow-domain", .kind = CLI_TEXT, .repeatable = true,                      \
		.placeholder = "NAME",                                                             \
		.help = "use the network's domain at or below this one, even if others may have "  \
		        "it"                                                                       \
	}
#define CLI_OPTION_SHORT_NAMES                                                                     \
	{                                                                                          \
		.name = "dns-short-names", .kind = CLI_FLAG,                                       \
		.help = "also name the nodes without the domain, unless this host has the name"    \
	}

/* Zeroed, it allows nothing more; session_allow_done frees it. */
struct session_allow {
	struct plan_allow allow; /* points into the others, and into the arguments */
	struct ls_prefix *prefixes;
	const char **domains;
};

/* Reads those of the options that the command has. LS_ERROR_USAGE. */
int session_allow_read(const struct cli_args *args, struct session_allow *ret,
                       struct ls_fail *fail) LS_MUST_CHECK;
void session_allow_done(struct session_allow *allow);

#endif
