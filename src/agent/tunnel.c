/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/tunnel.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "agent/names.h"
#include "agent/peers.h"
#include "agent/said.h"
#include "apply/executor.h"
#include "apply/facts.h"
#include "apply/hosts_file.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/once.h"
#include "netlink/socket.h"
#include "plan/plan.h"

enum {
	PORT_TRIES = 100,
	PORT_MIN = 1024,
	REACHABLE_S = 15, /* between two lines */
};

struct tunnel {
	const struct dataplane_ops *ops;
	struct nl_socket *rtnl;
	struct apply_executor *executor;
	struct peers *peers;
	struct tunnel_view view;
	char interface[PLAN_INTERFACE_TEXT];
	struct said *said;
	struct names *names; /* NULL: no hosts file is wanted */
	bool next_port;
	bool opened; /* agent_tunnel_close must remove what is on the host */
	size_t said_reachable;
	uint64_t reachable_ns; /* time of that line */
	/* What was logged last. */
	struct ls_once said_no_ipv6;
	struct ls_once said_conflict;
};

static int complete_peers(void *arg, struct wg_config *change)
{
	struct tunnel *tunnel = arg;

	agent_peers_complete(tunnel->peers, change);
	return 0;
}

/* Removes what a crashed run left: the interface and its names. */
static int clean_up(struct tunnel *tunnel, const struct tunnel_options *options,
                    struct ls_fail *fail)
{
	bool found = false;
	int r = apply_executor_clear(tunnel->executor, &found, fail);

	if (r == 0 && options->view.hosts_path)
		r = apply_hosts_file_undo(options->view.hosts_path, options->view.profile, fail);
	if (r == 0)
		ls_info("agent.cleanup", "interface=%s found=%s", tunnel->interface,
		        found ? "yes" : "no");
	return r;
}

/* Another WireGuard on this host may have the port. */
static int create(struct tunnel *tunnel, const struct wg_private_key *key, uint16_t listen_port,
                  struct ls_fail *fail)
{
	int tries = tunnel->next_port && listen_port != 0 ? PORT_TRIES : 1;
	uint16_t port = listen_port;
	int r = -EADDRINUSE;

	for (int i = 0; i < tries && r == -EADDRINUSE; i++, port++) {
		if (port == 0 && listen_port != 0)
			port = PORT_MIN; /* after 65535; a wanted 0 stands for any */
		r = apply_executor_create(tunnel->executor, key, port, fail);
	}
	if (r == 0 && listen_port != 0 && agent_tunnel_listen_port(tunnel) != listen_port)
		ls_warn("agent.port_taken",
		        "wanted=%u listen_port=%u reason=\"another program has the port; "
		        "--listen-port chooses one\"",
		        listen_port, agent_tunnel_listen_port(tunnel));
	return r;
}

int agent_tunnel_open(const struct tunnel_options *options, struct tunnel **ret,
                      struct ls_fail *fail)
{
	struct tunnel *tunnel = ls_new(struct tunnel);
	struct apply_options apply = {.ops = options->ops,
	                              .offloads = options->offloads,
	                              .stamps = options->stamps,
	                              .interface = options->view.interface,
	                              .profile = options->view.profile,
	                              .hosts_path = options->view.hosts_path,
	                              .defers_names = true,
	                              .endpoints = complete_peers,
	                              .arg = tunnel};
	int r;

	tunnel->ops = options->ops;
	tunnel->said = agent_said_new();
	tunnel->next_port = options->next_port;
	tunnel->peers = agent_peers_new(options->stale_ns);
	(void)snprintf(tunnel->interface, sizeof(tunnel->interface), "%s", options->view.interface);
	tunnel->view = options->view;
	tunnel->view.interface = tunnel->interface;
	r = nl_socket_open(NETLINK_ROUTE, &tunnel->rtnl, fail);
	if (r == 0) {
		apply.rtnl = tunnel->rtnl;
		tunnel->executor = apply_executor_new(&apply);
		if (options->cleanup)
			r = clean_up(tunnel, options, fail);
	}
	if (r == 0) {
		r = create(tunnel, options->private_key, options->listen_port, fail);
	}
	if (r == 0 && options->view.hosts_path)
		r = agent_names_open(options->base, options->view.hosts_path, options->view.profile,
		                     &tunnel->names, fail);
	if (r < 0) {
		agent_tunnel_close(tunnel);
		return r;
	}
	tunnel->opened = true;
	*ret = tunnel;
	return 0;
}

int agent_tunnel_reopen(struct tunnel *tunnel, const struct wg_private_key *key,
                        struct ls_fail *fail)
{
	return create(tunnel, key, apply_executor_listen_port(tunnel->executor), fail);
}

void agent_tunnel_close(struct tunnel *tunnel)
{
	struct ls_fail fail = {0};

	if (!tunnel)
		return;
	agent_names_close(tunnel->names);
	if (tunnel->opened && apply_executor_undo(tunnel->executor, &fail) < 0)
		ls_warn("agent.undo_failed", "interface=%s error=\"%s\"", tunnel->interface,
		        fail.text);
	apply_executor_free(tunnel->executor);
	nl_socket_close(tunnel->rtnl);
	agent_peers_free(tunnel->peers);
	agent_said_free(tunnel->said);
	free(tunnel);
}

/* Logs each problem once, until it changes. */
static void log_report(struct tunnel *tunnel, const struct apply_report *report)
{
	if (ls_once_news(&tunnel->said_no_ipv6, report->no_ipv6))
		ls_warn("agent.no_ipv6", "interface=%s reason=\"IPv6 is off on this host\"",
		        tunnel->interface);
	if (ls_once_news_text(&tunnel->said_conflict, report->conflict.text))
		ls_warn("agent.route_conflict", "interface=%s routes=%zu first=\"%s\"",
		        tunnel->interface, report->route_conflicts, report->conflict.text);
}

/* Sets the endpoints of peers that the plan does not change otherwise. */
static int set_endpoints(struct tunnel *tunnel, struct ls_fail *fail)
{
	struct wg_config change LS_CLEANUP(wg_config_done) = {0};
	int r = agent_peers_rest(tunnel->peers, &change);

	if (r < 0)
		return ls_fail_set(fail, r, "%s: peers: %s", tunnel->interface, ls_strerror(r));
	if (change.peer_count == 0)
		return 0;
	return tunnel->ops->configure(apply_executor_dataplane(tunnel->executor), &change, fail);
}

static int apply_plan(struct tunnel *tunnel, const struct plan *plan, struct tunnel_report *ret,
                      struct ls_fail *fail)
{
	struct apply_report done = {0};
	int r = agent_peers_follow(tunnel->peers, plan);

	if (r < 0)
		return ls_fail_set(fail, r, "%s: peers: %s", tunnel->interface, ls_strerror(r));
	r = apply_executor_run(tunnel->executor, plan, &done, fail);
	if (r < 0)
		return r;
	log_report(tunnel, &done);
	if (tunnel->names)
		agent_names_set(tunnel->names, plan);
	*ret = (struct tunnel_report){.peers = plan->peer_count,
	                              .reachable = agent_peers_reachable(tunnel->peers),
	                              .added = done.counts[PLAN_STEP_PEER_ADD],
	                              .removed = done.counts[PLAN_STEP_PEER_REMOVE],
	                              .changed = done.counts[PLAN_STEP_PEER_CHANGE]};
	return set_endpoints(tunnel, fail);
}

int agent_tunnel_plan(struct nl_socket *rtnl, const struct tunnel_view *view,
                      const struct netmap *netmap, bool node_unknown, struct plan **ret,
                      struct ls_fail *fail)
{
	const struct plan_options options = {.interface = view->interface,
	                                     .keepalive_s = PLAN_KEEPALIVE_S,
	                                     .allow = view->allow};
	const struct apply_facts_query query = {
	        .interface = view->interface,
	        .profile = view->profile,
	        .netmap = netmap,
	        .urls = view->urls,
	        .known = view->known,
	        .hosts_path = view->allow.short_names ? view->hosts_path : NULL,
	};
	struct apply_facts facts;
	int r = apply_facts_gather(rtnl, &query, &facts, fail);

	if (r < 0)
		return r;
	facts.facts.node_unknown = node_unknown;
	r = plan_make(netmap, &options, &facts.facts, ret, fail);
	apply_facts_done(&facts);
	return r;
}

int agent_tunnel_apply(struct tunnel *tunnel, const struct netmap *netmap, bool node_unknown,
                       struct tunnel_report *ret, struct ls_fail *fail)
{
	struct plan *plan;
	int r = agent_tunnel_plan(tunnel->rtnl, &tunnel->view, netmap, node_unknown, &plan, fail);

	if (r < 0)
		return r;
	agent_said_plan(tunnel->said, netmap, plan);
	r = apply_plan(tunnel, plan, ret, fail);
	plan_free(plan);
	return r;
}

int agent_tunnel_set_key(struct tunnel *tunnel, const struct wg_private_key *key,
                         struct ls_fail *fail)
{
	struct wg_config change = {.flags = WG_CONFIG_PRIVATE_KEY, .private_key = *key};
	struct dataplane *dp = apply_executor_dataplane(tunnel->executor);
	int r;

	if (!dp)
		return 0; /* agent_tunnel_reopen will set the key */
	r = tunnel->ops->configure(dp, &change, fail);
	wg_config_done(&change);
	return r;
}

/* Logs the number of reachable peers when it has changed, but not each time while many come or
 * go. */
static void note_reachable(struct tunnel *tunnel, uint64_t now_ns)
{
	size_t reachable = agent_peers_reachable(tunnel->peers);

	if (reachable == tunnel->said_reachable ||
	    now_ns - tunnel->reachable_ns < REACHABLE_S * LS_NS_PER_S)
		return;
	tunnel->said_reachable = reachable;
	tunnel->reachable_ns = now_ns;
	ls_info("agent.peers", "reachable=%zu peers=%zu", reachable,
	        agent_peers_count(tunnel->peers));
}

int agent_tunnel_observe(struct tunnel *tunnel, uint64_t now_ns, struct ls_fail *fail)
{
	struct dataplane *dp = apply_executor_dataplane(tunnel->executor);
	struct wg_config device LS_CLEANUP(wg_config_done) = {0};
	struct wg_config change LS_CLEANUP(wg_config_done) = {0};
	int r;

	if (!dp)
		return ls_fail_set(fail, -ENODEV, "interface %s is not there", tunnel->interface);
	r = tunnel->ops->read(dp, &device, fail);
	if (r < 0)
		return r;
	r = agent_peers_observe(tunnel->peers, &device, now_ns, &change);
	if (r < 0)
		return ls_fail_set(fail, r, "%s: peers: %s", tunnel->interface, ls_strerror(r));
	note_reachable(tunnel, now_ns);
	return change.peer_count > 0 ? tunnel->ops->configure(dp, &change, fail) : 0;
}

int agent_tunnel_event_fd(const struct tunnel *tunnel)
{
	struct dataplane *dp = apply_executor_dataplane(tunnel->executor);

	return dp ? tunnel->ops->event_fd(dp) : -1;
}

uint16_t agent_tunnel_listen_port(const struct tunnel *tunnel)
{
	return apply_executor_listen_port(tunnel->executor);
}

uint32_t agent_tunnel_mtu(const struct tunnel *tunnel)
{
	return apply_executor_mtu(tunnel->executor);
}

const char *agent_tunnel_interface(const struct tunnel *tunnel)
{
	return tunnel->interface;
}
