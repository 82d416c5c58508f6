/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/host/tunnel_commands.h"

#include "agent/agent.h"
#include "agent/dry_run.h"
#include "base/cleanup.h"
#include "cli/frame/output.h"
#include "cli/frame/routes.h"
#include "cli/host/dry_run.h"
#include "cli/session/allow.h"
#include "cli/session/interface.h"
#include "cli/session/session.h"

static void advise(const void *arg, struct ls_fail *fail)
{
	session_advise_pin(arg, fail);
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
	ret->interface = session_interface_name(args, interface);
	ret->backend = DATAPLANE_USERSPACE;
	ret->advise = advise;
	ret->advise_arg = session;
	ret->listen_port = (uint16_t)cli_number(args, "listen-port");
	ret->next_port = !cli_given(args, "listen-port");
	/* The agent reads and writes the state itself: a second copy here would get out of date. */
	profile_state_free(session->state);
	session->state = NULL;
	return 0;
}

static int check_dry_run(const struct cli_args *args, struct ls_fail *fail)
{
	if (cli_given(args, "json") && !cli_given(args, "dry-run"))
		return ls_fail_set(fail, LS_ERROR_USAGE, "--json needs --dry-run");
	return 0;
}

static int dry_run(const struct cli_args *args, const struct agent_options *options, bool follows,
                   struct ls_fail *fail)
{
	struct dry_run run LS_CLEANUP(agent_dry_run_done) = {0};
	int r = agent_dry_run(options, follows, &run, fail);

	if (r < 0) {
		options->advise(options->advise_arg, fail);
		return r;
	}
	options->advise(options->advise_arg, &run.cause);
	return host_dry_run_print(args, &run, fail);
}

int host_tunnel_commands_wg_up(const struct cli_args *args, struct ls_fail *fail)
{
	struct session session LS_CLEANUP(session_done) = {0};
	struct session_allow allow LS_CLEANUP(session_allow_done) = {0};
	char interface[INTERFACE_TEXT];
	struct agent_options options;
	int r = check_dry_run(args, fail);

	if (r == 0)
		r = session_allow_read(args, &allow, fail);
	if (r == 0)
		r = prepare(args, &session, interface, &options, fail);
	if (r < 0)
		return r;
	options.allow = allow.allow;
	if (cli_given(args, "dry-run"))
		return dry_run(args, &options, false, fail);
	r = agent_wg_up(&options, fail);
	if (r < 0)
		session_advise_pin(&session, fail);
	return r;
}

int host_tunnel_commands_wg_down(const struct cli_args *args, struct ls_fail *fail)
{
	char interface[INTERFACE_TEXT];
	int r = agent_wg_down(session_interface_name(args, interface), fail);

	if (r < 0)
		return r;
	if (cli_given(args, "json"))
		return cli_print_json(json_pack("{s:s}", "interface", interface), fail);
	cli_field("removed", "%s", interface);
	return 0;
}

static int check_usage(const struct cli_args *args, struct ls_fail *fail)
{
	int r = check_dry_run(args, fail);

	if (r < 0)
		return r;
	if (cli_count(args, "endpoint") > AGENT_ENDPOINTS_MAX)
		return ls_fail_set(fail, LS_ERROR_USAGE, "more than %d endpoints",
		                   AGENT_ENDPOINTS_MAX);
	if (cli_count(args, "advertise-route") > AGENT_ROUTES_MAX)
		return ls_fail_set(fail, LS_ERROR_USAGE, "more than %d routes", AGENT_ROUTES_MAX);
	return 0;
}

int host_tunnel_commands_agent(const struct cli_args *args, struct ls_fail *fail)
{
	struct session session LS_CLEANUP(session_done) = {0};
	struct session_allow allow LS_CLEANUP(session_allow_done) = {0};
	LS_FREE const char **endpoints = NULL;
	LS_FREE const char **routes = NULL;
	char interface[INTERFACE_TEXT];
	struct agent_options options;
	int r = check_usage(args, fail);

	if (r == 0)
		r = session_allow_read(args, &allow, fail);
	if (r == 0)
		r = prepare(args, &session, interface, &options, fail);
	if (r < 0)
		return r;
	cli_routes_note(args, "advertise-route");
	endpoints = cli_list(args, "endpoint", &options.endpoint_count);
	routes = cli_list(args, "advertise-route", &options.advertise_route_count);
	options.endpoints = endpoints;
	options.advertise_routes = routes;
	options.advertise_exit_node = cli_given(args, "advertise-exit-node");
	options.heartbeat_interval_s = (unsigned)cli_number(args, "heartbeat-interval");
	options.longpoll_timeout_s = (unsigned)cli_number(args, "longpoll-timeout");
	options.endpoint_stale_after_s = (unsigned)cli_number(args, "endpoint-stale-after");
	options.dns_hosts_path = cli_text(args, "dns-hosts-path");
	options.allow = allow.allow;
	options.pid_file = cli_text(args, "pid-file");
	options.cleanup_before_start = cli_given(args, "cleanup-before-start");
	if (cli_given(args, "dry-run"))
		return dry_run(args, &options, true, fail);
	return agent_run(&options, fail);
}
