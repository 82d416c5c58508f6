/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/agent.h"

#include <errno.h>
#include <event2/event.h>
#include <inttypes.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/fetch.h"
#include "agent/guard.h"
#include "agent/keeper.h"
#include "agent/lockfile.h"
#include "agent/machine.h"
#include "agent/refusals.h"
#include "agent/surroundings.h"
#include "agent/tunnel.h"
#include "agent/uplink.h"
#include "apply/leftover.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/once.h"
#include "base/str.h"
#include "control/dial.h"
#include "net/host_ports.h"
#include "netlink/socket.h"
#include "plan/plan.h"
#include "proto/heartbeat.h"

enum {
	TICK_S = 3,
	TIME_JUMP_S = 15, /* between ticks: the host or this process was suspended */
	PEER_SETTLE_US = 50000,
	BACKOFF_FIRST_S = 1,
	BACKOFF_CAP_S = 60,
	STOP_LIMIT_S = 10, /* to remove what the agent made */
};

struct agent {
	const struct agent_options *options;
	struct event_base *base;
	struct lockfile guard;
	struct lockfile pid_file;
	uint64_t instance; /* a number of this run, at random (proto/heartbeat.h) */
	struct machine machine;
	struct refusals refusals;
	struct keeper *keeper;
	struct tunnel *tunnel;
	struct uplink *uplink;            /* NULL in wg-up */
	struct net_host_ports *endpoints; /* to announce; NULL in wg-up */
	struct surroundings *surroundings;
	struct route *routes; /* routes to announce */
	size_t route_count;
	struct event *sigint;
	struct event *sigterm;
	struct event *tick;
	struct event *peer_event;
	struct event *peer_settle;   /* delays observing, to see several changes at once */
	int stop_signal;             /* 0: none */
	uint64_t tick_ns;            /* time of the last tick */
	struct ls_once said_failure; /* kind and code of the last failed heartbeat */
	struct ls_once said_observe; /* code of the last failed observation of the tunnel */
};

/* --- what the uplink asks and tells --- */

static json_t *make_heartbeat(void *arg)
{
	struct agent *agent = arg;
	const struct node_state *state = agent_keeper_state(agent->keeper);
	json_t *body;
	struct heartbeat heartbeat = {
	        .node_id = state->node_id,
	        .instance = agent->instance,
	        .endpoints = net_host_ports_endpoints(agent->endpoints),
	        .listen_port = agent_tunnel_listen_port(agent->tunnel),
	        .routes = {.items = agent->routes, .count = agent->route_count}};

	if (heartbeat.endpoints.count > LIMIT_ENDPOINTS)
		heartbeat.endpoints.count = LIMIT_ENDPOINTS;
	net_host_ports_refresh(agent->endpoints);
	body = proto_heartbeat_encode(&heartbeat);
	if (body && state->announced && !proto_heartbeat_prepend(body, state->announced)) {
		json_decref(body);
		return NULL;
	}
	return body;
}

static void on_endpoints(void *arg)
{
	struct agent *agent = arg;

	if (agent->uplink)
		agent_uplink_kick(agent->uplink);
}

static void on_unresolved(void *arg, const char *host_port, const char *reason, bool first)
{
	(void)arg;
	ls_log(first ? LS_LOG_WARN : LS_LOG_DEBUG, "endpoint.unresolved",
	       "endpoint=%s reason=\"%s\"", host_port, reason);
}

static void on_reachable(void *arg, const struct control_url *url)
{
	struct agent *agent = arg;

	(void)ls_once_news(&agent->said_failure, 0);
	ls_info("control.reachable", "url=%s", url->text);
}

static void on_answered(void *arg, uint64_t asked_ns)
{
	struct agent *agent = arg;

	agent_keeper_answered(agent->keeper, asked_ns);
}

static enum agent_failure failure_of(struct agent *agent, const struct control_answer *answer)
{
	uint32_t own = agent_keeper_own_servers(agent->keeper, agent->options->urls);

	if (agent_refusals_note(&agent->refusals, answer->refused, own, ls_now_ns()))
		return AGENT_FAILURE_DISOWNED;
	if (answer->refused != 0)
		return AGENT_FAILURE_REFUSED;
	return answer->status == 400 && !answer->foreign ? AGENT_FAILURE_REJECTED
	                                                 : AGENT_FAILURE_UNREACHABLE;
}

static void on_failed(void *arg, const struct control_answer *answer, unsigned retry_ms)
{
	static const char *const events[] = {
	        [AGENT_FAILURE_UNREACHABLE] = "control.unreachable",
	        [AGENT_FAILURE_REFUSED] = "control.refused",
	        [AGENT_FAILURE_DISOWNED] = "control.refused",
	        [AGENT_FAILURE_REJECTED] = "control.rejected",
	};
	struct agent *agent = arg;
	const struct agent_options *options = agent->options;
	enum agent_failure failure = failure_of(agent, answer);
	enum agent_state next = agent_machine_after_failure(agent->machine.state, failure);
	bool disowned = next == AGENT_UNKNOWN && agent->machine.state != AGENT_UNKNOWN;
	/* Further failures are logged only when they are of another kind. */
	bool news =
	        ls_once_news(&agent->said_failure, (int64_t)failure - 8 * (int64_t)answer->code);
	struct ls_fail said = answer->fail;

	if (options->advise)
		options->advise(options->advise_arg, &said);
	if (failure == AGENT_FAILURE_REJECTED)
		(void)ls_fail_append(&said,
		                     "; the server does not accept what this node announces: "
		                     "check --endpoint and the announced routes");
	ls_log(news ? LS_LOG_WARN : LS_LOG_DEBUG, events[failure], "retry_ms=%u error=\"%s\"",
	       retry_ms, said.text);
	agent_machine_set(&agent->machine, next);
	if (disowned)
		agent_keeper_disown(agent->keeper);
	else if (failure == AGENT_FAILURE_UNREACHABLE && agent->uplink)
		agent_keeper_replan(agent->keeper);
}

/* `url` is NULL for wg-up, which does not know which server answered. */
static void on_netmap(void *arg, struct netmap *netmap, const struct control_url *url)
{
	struct agent *agent = arg;

	(void)ls_once_news(&agent->said_failure, 0);
	agent_refusals_reset(&agent->refusals);
	agent_machine_set(&agent->machine,
	                  agent_machine_after_netmap(plan_hold_of(&netmap->node, false)));
	agent_keeper_take(agent->keeper, netmap, url ? url->text : NULL);
}

/* The keeper calls it when another command has written the state file. */
static void on_state_changed(void *arg, const char *token, bool registered)
{
	struct agent *agent = arg;
	const struct node_state *state = agent_keeper_state(agent->keeper);

	if (!agent->uplink)
		return;
	agent_uplink_set_token(agent->uplink, token ? token : agent->options->admin_token);
	if (!registered) {
		agent_uplink_kick(agent->uplink); /* there may be more to announce */
		return;
	}
	(void)ls_once_news(&agent->said_failure, 0);
	agent_refusals_reset(&agent->refusals);
	agent_machine_set(&agent->machine, AGENT_STARTING);
	if (state->servers.count > 0 &&
	    agent_keeper_own_servers(agent->keeper, agent->options->urls) == 0)
		ls_warn("agent.other_server",
		        "url=%s reason=\"the profile was registered with a server that this agent "
		        "does not ask; restart the agent\"",
		        state->servers.urls[0]);
	agent_uplink_set_node(agent->uplink, state->node_id);
}

/* --- events --- */

static void on_peer_event(evutil_socket_t fd, short what, void *arg)
{
	const struct timeval settle = {.tv_usec = PEER_SETTLE_US};
	struct agent *agent = arg;
	uint64_t count;

	(void)what;
	if (read((int)fd, &count, sizeof(count)) < 0)
		return; /* already read */
	if (!event_pending(agent->peer_settle, EV_TIMEOUT, NULL))
		(void)event_add(agent->peer_settle, &settle);
}

static void free_event(struct event *event)
{
	if (event)
		event_free(event);
}

static int watch_peers(struct agent *agent, struct ls_fail *fail)
{
	int fd = agent_tunnel_event_fd(agent->tunnel);

	if (fd < 0)
		return 0;
	agent->peer_event = event_new(agent->base, fd, EV_READ | EV_PERSIST, on_peer_event, agent);
	if (!agent->peer_event || event_add(agent->peer_event, NULL) < 0)
		return ls_fail_set(fail, -ENOMEM, "cannot watch the peers");
	return 0;
}

/* Makes the interface again, after somebody has deleted it, and applies the netmap. */
static int restore(struct agent *agent, struct ls_fail *fail)
{
	int r;

	free_event(agent->peer_event); /* before the tunnel closes its descriptor */
	agent->peer_event = NULL;
	r = agent_tunnel_reopen(agent->tunnel, &agent_keeper_state(agent->keeper)->wg_private_key,
	                        fail);
	if (r == 0)
		r = watch_peers(agent, fail);
	if (r < 0)
		return r;
	ls_warn("agent.restored", "interface=%s reason=\"the interface was deleted\"",
	        agent_tunnel_interface(agent->tunnel));
	agent_keeper_apply(agent->keeper);
	return 0;
}

static void observe(struct agent *agent)
{
	struct ls_fail fail = {0};
	int r = agent_tunnel_observe(agent->tunnel, ls_now_ns(), &fail);

	if (r == -ENODEV)
		r = restore(agent, &fail);
	/* Every tick fails in the same way until the problem is solved: log it once. */
	if (ls_once_news(&agent->said_observe, r))
		ls_error("agent.observe_failed", "error=\"%s\"", fail.text);
}

static void on_signal(evutil_socket_t number, short what, void *arg)
{
	struct agent *agent = arg;
	sigset_t both;

	(void)what;
	agent->stop_signal = (int)number;
	agent_machine_set(&agent->machine, AGENT_STOPPING);
	/* Ctrl-C and a supervisor's SIGTERM may come together: a second signal must not interrupt
	 * the clean-up. If the clean-up hangs, the alarm ends the process. */
	(void)sigemptyset(&both);
	(void)sigaddset(&both, SIGINT);
	(void)sigaddset(&both, SIGTERM);
	(void)pthread_sigmask(SIG_BLOCK, &both, NULL);
	(void)alarm(STOP_LIMIT_S);
	(void)event_base_loopbreak(agent->base);
}

static void on_tick(evutil_socket_t fd, short what, void *arg)
{
	struct agent *agent = arg;
	uint64_t now = ls_now_ns();

	(void)fd;
	(void)what;
	if (now - agent->tick_ns > TIME_JUMP_S * LS_NS_PER_S) {
		ls_info("agent.time_jump", "seconds=%" PRIu64,
		        (now - agent->tick_ns) / LS_NS_PER_S);
		if (agent->uplink)
			agent_uplink_restart(agent->uplink);
	}
	agent->tick_ns = now;
	agent_keeper_tick(agent->keeper, now);
	agent_surroundings_tick(agent->surroundings);
	observe(agent);
}

static void on_surroundings(void *arg)
{
	struct agent *agent = arg;

	agent_keeper_replan(agent->keeper);
}

static void on_peer_settle(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	observe(arg);
}

static int add_events(struct agent *agent, struct ls_fail *fail)
{
	const struct timeval tick = {.tv_sec = TICK_S};
	int r;

	agent->sigint = evsignal_new(agent->base, SIGINT, on_signal, agent);
	agent->sigterm = evsignal_new(agent->base, SIGTERM, on_signal, agent);
	agent->tick = event_new(agent->base, -1, EV_PERSIST, on_tick, agent);
	agent->peer_settle = event_new(agent->base, -1, 0, on_peer_settle, agent);
	if (!agent->sigint || !agent->sigterm || !agent->tick || !agent->peer_settle ||
	    event_add(agent->sigint, NULL) < 0 || event_add(agent->sigterm, NULL) < 0 ||
	    event_add(agent->tick, &tick) < 0)
		return ls_fail_set(fail, -ENOMEM, "cannot start the event loop");
	agent->tick_ns = ls_now_ns();
	r = agent_surroundings_open(agent->base, agent_tunnel_interface(agent->tunnel),
	                            on_surroundings, agent, &agent->surroundings, fail);
	return r < 0 ? r : watch_peers(agent, fail);
}

/* --- start --- */

static int make_routes(struct agent *agent, struct ls_fail *fail)
{
	static const char *const exits[] = {"0.0.0.0/0", "::/0"};
	const struct agent_options *options = agent->options;
	struct route *next = ls_try_array(options->advertise_route_count + 2, sizeof(*next));

	if (!next)
		return ls_fail_set(fail, -ENOMEM, "out of memory");
	agent->routes = next;
	for (size_t i = 0; i < options->advertise_route_count; i++, next++) {
		*next = (struct route){.enabled = true};
		if (ls_prefix_parse_network(options->advertise_routes[i], &next->prefix) < 0)
			return ls_fail_set(fail, LS_ERROR_BAD_VALUE, "route %s: not a prefix",
			                   options->advertise_routes[i]);
		next->kind = next->prefix.bits == 0 ? ROUTE_EXIT : ROUTE_SUBNET;
	}
	for (size_t i = 0; i < 2 && options->advertise_exit_node; i++, next++) {
		*next = (struct route){.kind = ROUTE_EXIT, .enabled = true};
		if (ls_prefix_parse(exits[i], &next->prefix) < 0)
			return ls_fail_set(fail, -EINVAL, "route %s: not a prefix", exits[i]);
	}
	agent->route_count = (size_t)(next - agent->routes);
	return 0;
}

static int take_locks(struct agent *agent, struct ls_fail *fail)
{
	const struct agent_options *options = agent->options;
	int r = agent_guard_take(&agent->guard, options->state_path, options->profile, fail);

	if (r == 0 && options->pid_file)
		r = agent_lockfile_take(&agent->pid_file, options->pid_file, fail);
	return r;
}

static int open_keeper(struct agent *agent, struct ls_fail *fail)
{
	const struct keeper_options options = {.base = agent->base,
	                                       .state_path = agent->options->state_path,
	                                       .changed = on_state_changed,
	                                       .arg = agent,
	                                       .backoff_first_ns = BACKOFF_FIRST_S * LS_NS_PER_S,
	                                       .backoff_cap_ns = BACKOFF_CAP_S * LS_NS_PER_S};

	return agent_keeper_open(&options, &agent->keeper, fail);
}

static int open_tunnel(struct agent *agent, const char *interface, struct ls_fail *fail)
{
	const struct agent_options *options = agent->options;
	const struct wg_private_key *key = &agent_keeper_state(agent->keeper)->wg_private_key;
	const struct tunnel_view view = {.profile = options->profile,
	                                 .interface = interface,
	                                 .hosts_path = options->dns_hosts_path,
	                                 .urls = options->urls,
	                                 .known = agent_keeper_known(agent->keeper),
	                                 .allow = options->allow};
	const struct tunnel_options tunnel = {.ops = &dataplane_userspace,
	                                      .view = view,
	                                      .base = agent->base,
	                                      .offloads = options->offloads,
	                                      .stamps = agent_keeper_stamps(agent->keeper),
	                                      .private_key = key,
	                                      .listen_port = options->listen_port,
	                                      .next_port = options->next_port,
	                                      .cleanup = options->cleanup_before_start,
	                                      .stale_ns = options->endpoint_stale_after_s *
	                                                  LS_NS_PER_S};

	int r = agent_tunnel_open(&tunnel, &agent->tunnel, fail);

	if (r == 0)
		agent_keeper_set_tunnel(agent->keeper, agent->tunnel);
	return r;
}

static int start(struct agent *agent, struct ls_fail *fail)
{
	const struct agent_options *options = agent->options;
	char name[PLAN_INTERFACE_TEXT];
	const char *interface =
	        options->interface ? options->interface : plan_interface_name(options->profile, name);
	int r = agent_options_check(options, fail);

	if (r == 0)
		r = make_routes(agent, fail);
	if (r == 0)
		r = open_keeper(agent, fail);
	if (r == 0)
		r = take_locks(agent, fail);
	if (r == 0)
		r = open_tunnel(agent, interface, fail);
	if (r == 0)
		r = add_events(agent, fail);
	return r;
}

static void start_uplink(struct agent *agent)
{
	const struct agent_options *options = agent->options;
	const struct node_state *state = agent_keeper_state(agent->keeper);
	const char *token = state->node_token;
	const struct uplink_options link = {.urls = options->urls,
	                                    .trust = options->trust,
	                                    .known = agent_keeper_known(agent->keeper),
	                                    .node_id = state->node_id,
	                                    .token = token ? token : options->admin_token,
	                                    .heartbeat_interval_ms =
	                                            options->heartbeat_interval_s * 1000,
	                                    .longpoll_timeout_s = options->longpoll_timeout_s,
	                                    .request_timeout_ms = AGENT_REQUEST_TIMEOUT_MS,
	                                    .backoff_first_ns = BACKOFF_FIRST_S * LS_NS_PER_S,
	                                    .backoff_cap_ns = BACKOFF_CAP_S * LS_NS_PER_S};
	const struct uplink_handler handler = {.heartbeat = make_heartbeat,
	                                       .reachable = on_reachable,
	                                       .answered = on_answered,
	                                       .failed = on_failed,
	                                       .netmap = on_netmap,
	                                       .arg = agent};

	const struct net_host_ports_handler names = {
	        .changed = on_endpoints, .failed = on_unresolved, .arg = agent};

	agent->endpoints = net_host_ports_new(
	        agent->base,
	        (struct string_list){.items = options->endpoints, .count = options->endpoint_count},
	        &names);
	agent->uplink = agent_uplink_new(agent->base, &link, &handler);
}

static void log_ready(const struct agent *agent)
{
	ls_info("agent.ready", "interface=%s listen_port=%u backend=%s mtu=%u",
	        agent_tunnel_interface(agent->tunnel), agent_tunnel_listen_port(agent->tunnel),
	        dataplane_userspace.name, agent_tunnel_mtu(agent->tunnel));
}

/* --- end --- */

static void stop(struct agent *agent)
{
	agent_uplink_free(agent->uplink);
	agent->uplink = NULL;
	net_host_ports_free(agent->endpoints);
	free_event(agent->sigint);
	free_event(agent->sigterm);
	free_event(agent->tick);
	agent_surroundings_close(agent->surroundings);
	free_event(agent->peer_settle);
	free_event(agent->peer_event); /* before the tunnel closes its descriptor */
	if (agent->stop_signal)
		ls_info("agent.stopped", "interface=%s signal=%d",
		        agent_tunnel_interface(agent->tunnel), agent->stop_signal);
	if (agent->keeper)
		agent_keeper_set_tunnel(agent->keeper, NULL);
	agent_tunnel_close(agent->tunnel);
	agent_keeper_close(agent->keeper);
	agent_lockfile_drop(&agent->pid_file);
	agent_lockfile_drop(&agent->guard);
	control_dial_drain(agent->base);
	event_base_free(agent->base);
	free(agent->routes);
}

static int open_agent(struct agent *agent, const struct agent_options *options,
                      struct ls_fail *fail)
{
	*agent = (struct agent){.options = options, .base = event_base_new()};
	if (!agent->base)
		return ls_fail_set(fail, -ENOMEM, "cannot start the event loop");
	randombytes_buf(&agent->instance, sizeof(agent->instance));
	(void)signal(SIGPIPE, SIG_IGN);
	(void)signal(SIGHUP, SIG_IGN); /* closing the terminal must not stop the tunnel */
	return 0;
}

int agent_run(const struct agent_options *options, struct ls_fail *fail)
{
	struct agent agent;
	int r = open_agent(&agent, options, fail);

	if (r < 0)
		return r;
	r = start(&agent, fail);
	if (r == 0) {
		agent_keeper_apply(agent.keeper);
		log_ready(&agent);
		start_uplink(&agent);
		(void)event_base_dispatch(agent.base);
	}
	stop(&agent);
	return r;
}

/* --- wg-up and wg-down --- */

/* Applies the server's netmap, or the cached one when no server can be reached. */
static int fetch_once(struct agent *agent, struct ls_fail *fail)
{
	const struct node_state *state = agent_keeper_state(agent->keeper);
	struct netmap *netmap = NULL;
	int r = agent_fetch_netmap(agent->options, state, agent_keeper_known(agent->keeper),
	                           &netmap, fail);

	if (r == 0) {
		on_netmap(agent, netmap, NULL);
	} else if (agent_fetch_may_use_cache(r) && state->last_netmap) {
		on_failed(agent, &(struct control_answer){.code = r, .fail = *fail}, 0);
		agent_keeper_apply(agent->keeper);
		r = 0;
	}
	return r;
}

/* Asks the servers once more: the netmap is saved only if they can still be reached with it. */
static void confirm(struct agent *agent)
{
	uint64_t asked_ns = ls_now_ns();
	struct netmap *netmap = NULL;
	struct ls_fail fail;

	if (!agent_keeper_is_unsaved(agent->keeper))
		return;
	if (agent_fetch_netmap(agent->options, agent_keeper_state(agent->keeper),
	                       agent_keeper_known(agent->keeper), &netmap, &fail) < 0) {
		ls_warn("state.not_saved", "error=\"no server answered since: %s\"", fail.text);
		return;
	}
	proto_netmap_free(netmap);
	agent_keeper_answered(agent->keeper, asked_ns);
}

int agent_wg_up(const struct agent_options *options, struct ls_fail *fail)
{
	struct agent agent;
	int r = open_agent(&agent, options, fail);

	if (r < 0)
		return r;
	r = start(&agent, fail);
	if (r == 0)
		r = fetch_once(&agent, fail);
	if (r == 0) {
		log_ready(&agent);
		confirm(&agent);
		(void)event_base_dispatch(agent.base);
	}
	stop(&agent);
	return r;
}

int agent_wg_down(const char *interface, struct ls_fail *fail)
{
	struct nl_socket *rtnl;
	bool found = false;
	int r = nl_socket_open(NETLINK_ROUTE, &rtnl, fail);

	if (r < 0)
		return r;
	r = apply_leftover_remove(rtnl, interface, &found, fail);
	nl_socket_close(rtnl);
	if (r == 0 && !found)
		return ls_fail_set(fail, LS_ERROR_NOT_FOUND, "interface %s: nothing to remove",
		                   interface);
	return r;
}
