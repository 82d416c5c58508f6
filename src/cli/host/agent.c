/* SPDX-License-Identifier: Apache-2.0 */
/* The tables of wg-up, wg-down and agent; tunnel_commands.c runs them. */
#include "cli/frame/options.h"
#include "cli/host/commands.h"
#include "cli/host/tunnel_commands.h"
#include "cli/session/allow.h"
#include "cli/session/interface.h"
#include "proto/limits.h"

#define LISTEN_PORT_OPTION                                                                         \
	{                                                                                          \
		.name = "listen-port", .kind = CLI_NUMBER, .placeholder = "PORT",                  \
		.help = "UDP port of the tunnel; 0: any; not given: or the next free one",         \
		.default_value = "51820", .min = 0, .max = 65535                                   \
	}

#define DRY_RUN_OPTION                                                                             \
	{                                                                                          \
		.name = "dry-run", .kind = CLI_FLAG,                                               \
		.help = "only print what would be changed on this host"                            \
	}
#define DRY_RUN_JSON_OPTION                                                                        \
	{                                                                                          \
		.name = "json", .kind = CLI_FLAG,                                                  \
		.help = "with --dry-run: print one JSON document"                                  \
	}

static const struct cli_option wg_up_options[] = {
        CLI_OPTION_INTERFACE,    LISTEN_PORT_OPTION, CLI_OPTION_BACKEND,  CLI_OPTION_ALLOW_PREFIX,
        CLI_OPTION_ALLOW_DOMAIN, DRY_RUN_OPTION,     DRY_RUN_JSON_OPTION, {0},
};

const struct cli_command host_wg_up = {
        .path = "wg-up",
        .summary = "Bring the tunnel up from one netmap, until Ctrl-C",
        .description =
                "It stays in the foreground and removes the interface when it ends. It does not\n"
                "follow later changes of the network: 'agent' does.",
        .options = wg_up_options,
        .need = CLI_NEED_TUN,
        .run = CLI_DATA_PLANE(host_tunnel_commands_wg_up),
};

static const struct cli_option wg_down_options[] = {
        CLI_OPTION_INTERFACE,
        CLI_OPTION_BACKEND,
        CLI_OPTION_JSON,
        {0},
};

const struct cli_command host_wg_down = {
        .path = "wg-down",
        .summary = "Remove a WireGuard interface that a crashed agent left behind",
        .options = wg_down_options,
        .need = CLI_NEED_DATA_PLANE,
        .run = CLI_DATA_PLANE(host_tunnel_commands_wg_down),
};

static const struct cli_option agent_options[] = {
        CLI_OPTION_INTERFACE,
        LISTEN_PORT_OPTION,
        CLI_OPTION_BACKEND,
        {
                .name = "endpoint",
                .kind = CLI_ENDPOINT,
                .repeatable = true,
                .placeholder = "HOST:PORT",
                .help = "where peers can reach this node, besides the address that the server sees",
        },
        {
                .name = "advertise-route",
                .kind = CLI_ROUTE,
                .repeatable = true,
                .placeholder = "PREFIX",
                .help = "a subnet behind this node; 0.0.0.0/0 and ::/0: as exit node",
        },
        {
                .name = "advertise-exit-node",
                .kind = CLI_FLAG,
                .help = "offer this node as exit node",
        },
        {
                .name = "heartbeat-interval",
                .kind = CLI_NUMBER,
                .placeholder = "SECONDS",
                .help = "between heartbeats",
                .default_value = "30",
                .min = 1,
                .max = 86400,
        },
        {
                .name = "longpoll-timeout",
                .kind = CLI_NUMBER,
                .placeholder = "SECONDS",
                .help = "how long the server may wait for news before it answers",
                .default_value = "30",
                .min = 1,
                .max = LIMIT_LONGPOLL_SECONDS,
        },
        {
                .name = "endpoint-stale-after",
                .kind = CLI_NUMBER,
                .placeholder = "SECONDS",
                .help = "try a peer's next endpoint when one stays silent for this long",
                .default_value = "15",
                .min = 1,
                .max = 86400,
        },
        {
                .name = "dns-hosts-path",
                .kind = CLI_TEXT,
                .placeholder = "PATH",
                .help = "keep the peers' names in a marked block of this hosts file",
        },
        CLI_OPTION_SHORT_NAMES,
        CLI_OPTION_ALLOW_PREFIX,
        CLI_OPTION_ALLOW_DOMAIN,
        {
                .name = "pid-file",
                .kind = CLI_TEXT,
                .placeholder = "PATH",
                .help = "write the process id there",
        },
        {
                .name = "cleanup-before-start",
                .kind = CLI_FLAG,
                .help = "first remove what a crashed agent left behind",
        },
        DRY_RUN_OPTION,
        DRY_RUN_JSON_OPTION,
        {0},
};

const struct cli_command host_agent = {
        .path = "agent",
        .summary = "Keep this machine in its network, until SIGINT or SIGTERM",
        .description =
                "It follows the netmap by long-polls, sends heartbeats, and keeps the interface,\n"
                "its addresses, peers and routes as the netmap describes. Logs go to stderr.",
        .options = agent_options,
        .need = CLI_NEED_TUN,
        .run = CLI_DATA_PLANE(host_tunnel_commands_agent),
};
