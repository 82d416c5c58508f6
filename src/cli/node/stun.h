/* SPDX-License-Identifier: Apache-2.0 */
/* The --stun options of a command, and what comes of them for one heartbeat. */
#ifndef LS_CLI_NODE_STUN_H
#define LS_CLI_NODE_STUN_H

#include "base/error.h"
#include "cli/frame/args.h"
#include "cli/session/session.h"
#include "net/stun_io.h"

/* The entries of a command's table: all four, or none. */
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

/* What was asked and learned; `servers` and `report` belong together. Zero-initialise it. */
struct cli_stun {
	char **servers; /* malloced, as are its strings; NULL: not asked */
	size_t server_count;
	struct stun_report report;
	char learned[STUN_LEARNED_MAX][LS_ENDPOINT_TEXT]; /* report.learned_count of them */
};

/* --stun-* without --stun is LS_ERROR_USAGE. */
int node_stun_check(const struct cli_args *args, struct ls_fail *fail) LS_MUST_CHECK;

/* With --stun: asks, and says in notes what did not work out; that is no failure. No server to ask
 * is. Needs the session's state. */
int node_stun_run(const struct cli_args *args, const struct session *session, struct cli_stun *ret,
                  struct ls_fail *fail) LS_MUST_CHECK;
void node_stun_done(struct cli_stun *stun);

/* The learned endpoints and behind them those of --endpoint, none twice, as a malloced array of
 * strings of `stun` and `args`. */
const char **node_stun_endpoints(const struct cli_stun *stun, const struct cli_args *args,
                                 size_t *ret_count);

/* The field that says which endpoint came from which server; nothing without --stun. */
void node_stun_print(const struct cli_stun *stun);

#endif
