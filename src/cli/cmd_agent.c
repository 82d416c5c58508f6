/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/agent.h"
#include "base/cleanup.h"
#include "cli/commands.h"
#include "cli/interface.h"
#include "cli/output.h"
#include "cli/session.h"
#include "model/limits.h"

#define LISTEN_PORT_OPTION                                                                         \
	{                                                                                          \
		.name = "listen-port", .kind = CLI_NUMBER, .placeholder = "PORT",                  \
		.help = "UDP port of the tunnel; 0: any free one", .default_value = "51820",       \
		.min = 0, .max = 65535                                                             \
	}

static int prepare(const struct cli_args *args, struct session *session,
                   char interface[static INTERFACE_TEXT], struct agent_options *ret,
                   struct ls_fail *fail)
{
	int r = session_open(args, session, fail);

	if (r == 0)
		r = session_need_urls(session, fail);
	if (r == 0)
		r = session_load_state(session, fail);
	if (r < 0)
		return r;
	agent_options_init(ret);
	ret->profile = session->profile;
	ret->state_path = session->state_path;
	ret->urls = &session->urls;
	ret->trust = &session->trust;
	ret->admin_token = session->admin_token;
	ret->interface = interface_name(args, interface);
	ret->backend = DATAPLANE_USERSPACE;
	ret->listen_port = (uint16_t)cli_number(args, "listen-port");
	/* It reads the state itself, and writes it: two copies would drift apart. */
	state_free(session->state);
	session->state = NULL;
	return 0;
}

static int run_wg_up(const struct cli_args *args, struct ls_fail *fail)
{
	struct session session LS_CLEANUP(session_done) = {0};
	char interface[INTERFACE_TEXT];
	struct agent_options options;
	int r = prepare(args, &session, interface, &options, fail);

	return r < 0 ? r : agent_wg_up(&options, fail);
}

static const struct cli_option wg_up_options[] = {
        CLI_OPTION_INTERFACE,
        LISTEN_PORT_OPTION,
        CLI_OPTION_BACKEND,
        {0},
};

const struct cli_command cli_wg_up = {
        .path = "wg-up",
        .summary = "Bring the tunnel up as one netmap wants it, until Ctrl-C",
        .description =
                "It stays in the foreground and removes the interface at its end. Later changes\n"
                "of the network are not followed: that is what 'agent' does.",
        .options = wg_up_options,
        .run = run_wg_up,
};

static int run_wg_down(const struct cli_args *args, struct ls_fail *fail)
{
	char interface[INTERFACE_TEXT];
	int r = agent_wg_down(interface_name(args, interface), fail);

	if (r == 0)
		cli_field("removed", "%s", interface);
	return r;
}

static const struct cli_option wg_down_options[] = {
        CLI_OPTION_INTERFACE,
        CLI_OPTION_BACKEND,
        {0},
};

const struct cli_command cli_wg_down = {
        .path = "wg-down",
        .summary = "Remove a WireGuard interface that a run left behind",
        .options = wg_down_options,
        .run = run_wg_down,
};

static int check_usage(const struct cli_args *args, struct ls_fail *fail)
{
	if (cli_count(args, "endpoint") > AGENT_ENDPOINTS_MAX)
		return ls_fail_set(fail, LS_ERROR_USAGE, "more than %d endpoints",
		                   AGENT_ENDPOINTS_MAX);
	if (cli_count(args, "advertise-route") > AGENT_ROUTES_MAX)
		return ls_fail_set(fail, LS_ERROR_USAGE, "more than %d routes", AGENT_ROUTES_MAX);
	return 0;
}

static int run_agent(const struct cli_args *args, struct ls_fail *fail)
{
	struct session session LS_CLEANUP(session_done) = {0};
	LS_FREE const char **endpoints = NULL;
	LS_FREE const char **routes = NULL;
	char interface[INTERFACE_TEXT];
	struct agent_options options;
	int r = check_usage(args, fail);

	if (r == 0)
		r = prepare(args, &session, interface, &options, fail);
	if (r < 0)
		return r;
	endpoints = cli_list(args, "endpoint", &options.endpoint_count);
	routes = cli_list(args, "advertise-route", &options.advertise_route_count);
	options.endpoints = endpoints;
	options.advertise_routes = routes;
	options.advertise_exit_node = cli_given(args, "advertise-exit-node");
	options.heartbeat_interval_s = (unsigned)cli_number(args, "heartbeat-interval");
	options.longpoll_timeout_s = (unsigned)cli_number(args, "longpoll-timeout");
	options.endpoint_stale_after_s = (unsigned)cli_number(args, "endpoint-stale-after");
	options.dns_hosts_path = cli_text(args, "dns-hosts-path");
	options.pid_file = cli_text(args, "pid-file");
	options.cleanup_before_start = cli_given(args, "cleanup-before-start");
	return agent_run(&options, fail);
}

static const struct cli_option agent_options[] = {
        CLI_OPTION_INTERFACE,
        LISTEN_PORT_OPTION,
        CLI_OPTION_BACKEND,
        {
                .name = "endpoint",
                .kind = CLI_ENDPOINT,
                .repeatable = true,
                .placeholder = "ADDRESS:PORT",
                .help = "where peers reach this node, besides what the server sees",
        },
        {
                .name = "advertise-route",
                .kind = CLI_PREFIX,
                .repeatable = true,
                .placeholder = "PREFIX",
                .help = "a subnet behind this node",
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
                .help = "how long the server may hold back an answer without news",
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
        {
                .name = "pid-file",
                .kind = CLI_TEXT,
                .placeholder = "PATH",
                .help = "write the process id there",
        },
        {
                .name = "cleanup-before-start",
                .kind = CLI_FLAG,
                .help = "first remove what a run left that did not end well",
        },
        {0},
};

const struct cli_command cli_agent = {
        .path = "agent",
        .summary = "Keep this machine in its network, until SIGINT or SIGTERM",
        .description =
                "It follows the netmap by long-polls, sends heartbeats, and makes the interface,\n"
                "its addresses, peers and routes as the netmap wants them. Logs go to stderr.",
        .options = agent_options,
        .run = run_agent,
};
