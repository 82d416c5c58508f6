/* SPDX-License-Identifier: Apache-2.0 */
/* The --stun options of a command, and the endpoints that they add to one heartbeat. */
#ifndef LS_CLI_NODE_STUN_H
#define LS_CLI_NODE_STUN_H

#include "base/error.h"
#include "cli/frame/args.h"
#include "cli/session/session.h"
#include "net/stun_io.h"

/* Entries for a command's table, which has all four of them. */
#define CLI_OPTION_STUN                                                                            \
	{                                                                                          \
		.name = "stun", .kind = CLI_FLAG,                                                  \
		.help = "ask STUN servers for this node's public endpoints, and announce them"     \
	}
#define CLI_OPTION_STUN_SERVER                                                                     \
	{                                                                                          \
		.name = "stun-server", .kind = CLI_HOST_PORT, .repeatable = true,                  \
		.placeholder = "HOST:PORT", .help = "ask this one",                                \
		.default_help = "those of the netmap"                                              \
	}
#define CLI_OPTION_STUN_PORT                                                                       \
	{                                                                                          \
		.name = "stun-port", .kind = CLI_NUMBER, .placeholder = "PORT",                    \
		.help = "ask from this UDP port, the tunnel's",                                    \
		.default_help = "that of --listen-port", .min = 1, .max = 65535                    \
	}
#define CLI_OPTION_STUN_TIMEOUT                                                                    \
	{                                                                                          \
		.name = "stun-timeout", .kind = CLI_NUMBER, .placeholder = "SECONDS",              \
		.help = "how long to wait for answers", .default_value = "3", .min = 1, .max = 300 \
	}

/* The servers asked and what they answered; the indexes in `report` are those of `servers`.
 * Zero-initialise it. */
struct cli_stun {
	char **servers; /* malloced array of malloced strings; NULL: not asked */
	size_t server_count;
	struct stun_report report;
	char learned[STUN_LEARNED_MAX][LS_ENDPOINT_TEXT]; /* report.learned_count are set */
};

/* Checks the options: --stun-* without --stun is LS_ERROR_USAGE, and so are too many servers or
 * endpoints. */
int node_stun_check(const struct cli_args *args, struct ls_fail *fail) LS_MUST_CHECK;

/* With --stun, asks the servers; without it, does nothing. Problems with servers are printed as
 * notes and are no failure; that no server is known is one. The session's state is loaded. */
int node_stun_run(const struct cli_args *args, const struct session *session, struct cli_stun *ret,
                  struct ls_fail *fail) LS_MUST_CHECK;
void node_stun_done(struct cli_stun *stun);

/* At most LIMIT_ENDPOINTS: the learned endpoints followed by those that are given, without
 * duplicates, as a malloced array of strings borrowed from both. */
const char **node_stun_endpoints(const struct cli_stun *stun, struct string_list given,
                                 size_t *ret_count);

/* Prints a field that says which endpoint was learned from which server; nothing without --stun. */
void node_stun_print(const struct cli_stun *stun);

#endif
