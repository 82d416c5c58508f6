/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/tunnel.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "agent/peers.h"
#include "apply/facts.h"
#include "apply/hosts_file.h"
#include "apply/interface.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "netlink/rtnl.h"
#include "plan/diff.h"
#include "plan/plan.h"

struct tunnel {
	const struct dataplane_ops *ops;
	struct dataplane *dp; /* NULL: lost, and not made again yet */
	struct dataplane_offloads offloads;
	struct rtnl *rtnl;
	struct peers *peers;
	char interface[PLAN_INTERFACE_TEXT];
	char *profile;
	char *hosts_path;
	uint16_t listen_port;
	uint32_t mtu;
	uint64_t stale_ns;
	bool said_no_ipv6;
	struct ls_fail conflict; /* the last one that was logged */
	size_t skips;            /* the same, of peers that were left out */
};

static int open_dataplane(struct tunnel *tunnel, const struct wg_private_key *key,
                          struct ls_fail *fail)
{
	const struct dataplane_options dp_options = {
	        .interface = tunnel->interface, .mtu = tunnel->mtu, .offloads = tunnel->offloads};
	struct wg_config change = {.flags = WG_CONFIG_PRIVATE_KEY | WG_CONFIG_LISTEN_PORT,
	                           .private_key = *key,
	                           .listen_port = tunnel->listen_port};
	struct wg_config device = {0};
	int r = tunnel->ops->open(&dp_options, &tunnel->dp, fail);

	if (r == 0)
		r = tunnel->ops->configure(tunnel->dp, &change, fail);
	wg_config_done(&change);
	if (r == 0)
		r = tunnel->ops->read(tunnel->dp, &device, fail);
	if (r < 0)
		return r;
	tunnel->listen_port = device.listen_port;
	wg_config_done(&device);
	return 0;
}

int agent_tunnel_open(const struct tunnel_options *options, struct tunnel **ret,
                      struct ls_fail *fail)
{
	struct tunnel *tunnel = ls_new(struct tunnel);
	int r;

	tunnel->ops = options->ops;
	tunnel->mtu = PLAN_MTU_MAX;
	tunnel->profile = ls_strdup(options->profile);
	tunnel->hosts_path = options->hosts_path ? ls_strdup(options->hosts_path) : NULL;
	tunnel->offloads = options->offloads;
	tunnel->listen_port = options->listen_port;
	tunnel->stale_ns = options->stale_ns;
	tunnel->peers = agent_peers_new(options->stale_ns);
	(void)snprintf(tunnel->interface, sizeof(tunnel->interface), "%s", options->interface);
	r = rtnl_open(&tunnel->rtnl, fail);
	if (r == 0)
		r = open_dataplane(tunnel, options->private_key, fail);
	if (r < 0) {
		agent_tunnel_close(tunnel);
		return r;
	}
	*ret = tunnel;
	return 0;
}

int agent_tunnel_reopen(struct tunnel *tunnel, const struct wg_private_key *key,
                        struct ls_fail *fail)
{
	int r;

	if (tunnel->dp)
		tunnel->ops->close(tunnel->dp);
	tunnel->dp = NULL;
	agent_peers_free(tunnel->peers);
	tunnel->peers = agent_peers_new(tunnel->stale_ns);
	r = open_dataplane(tunnel, key, fail);
	if (r < 0 && tunnel->dp) {
		tunnel->ops->close(tunnel->dp);
		tunnel->dp = NULL;
	}
	return r;
}

/* The device's state; -ENODEV when there is none. */
static int read_device(struct tunnel *tunnel, struct wg_config *ret, struct ls_fail *fail)
{
	if (!tunnel->dp)
		return ls_fail_set(fail, -ENODEV, "interface %s is not there", tunnel->interface);
	return tunnel->ops->read(tunnel->dp, ret, fail);
}

static void log_undo(const struct tunnel *tunnel, int r, const struct ls_fail *fail)
{
	if (r < 0)
		ls_warn("agent.undo_failed", "interface=%s error=\"%s\"", tunnel->interface,
		        fail->text);
}

static void undo(struct tunnel *tunnel)
{
	struct ls_fail fail = {0};

	if (tunnel->hosts_path)
		log_undo(tunnel, apply_hosts_file_undo(tunnel->hosts_path, tunnel->profile, &fail),
		         &fail);
	log_undo(tunnel, apply_interface_undo(tunnel->rtnl, tunnel->interface, &fail), &fail);
	tunnel->ops->close(tunnel->dp);
}

void agent_tunnel_close(struct tunnel *tunnel)
{
	if (!tunnel)
		return;
	/* Without a data plane the interface of that name is not ours. */
	if (tunnel->dp)
		undo(tunnel);
	if (tunnel->rtnl)
		rtnl_close(tunnel->rtnl);
	agent_peers_free(tunnel->peers);
	free(tunnel->profile);
	free(tunnel->hosts_path);
	free(tunnel);
}

static int apply_peers(struct tunnel *tunnel, const struct plan *plan, struct tunnel_report *report,
                       struct ls_fail *fail)
{
	struct wg_config device = {0}, change = {0};
	struct plan_steps steps = {0};
	int r = read_device(tunnel, &device, fail);

	if (r < 0)
		return r;
	r = plan_diff_peers(&device, plan, &steps);
	if (r == 0)
		r = plan_steps_to_config(&steps, &change);
	if (r == 0)
		r = agent_peers_follow(tunnel->peers, plan);
	if (r == 0) {
		agent_peers_complete(tunnel->peers, &change);
		r = agent_peers_rest(tunnel->peers, &change);
	}
	if (r < 0)
		(void)ls_fail_set(fail, r, "%s: peers: %s", tunnel->interface, ls_strerror(r));
	else if (change.peer_count > 0)
		r = tunnel->ops->configure(tunnel->dp, &change, fail);
	*report = (struct tunnel_report){.peers = plan->peer_count,
	                                 .added = steps.counts[PLAN_STEP_PEER_ADD],
	                                 .removed = steps.counts[PLAN_STEP_PEER_REMOVE],
	                                 .changed = steps.counts[PLAN_STEP_PEER_CHANGE]};
	plan_steps_done(&steps);
	wg_config_done(&change);
	wg_config_done(&device);
	return r;
}

/* Each once, until it changes. */
static void log_report(struct tunnel *tunnel, const struct plan *plan,
                       const struct apply_report *report)
{
	if (report->no_ipv6 && !tunnel->said_no_ipv6)
		ls_warn("agent.no_ipv6", "interface=%s reason=\"IPv6 is off on this host\"",
		        tunnel->interface);
	tunnel->said_no_ipv6 = report->no_ipv6;
	if (report->route_conflicts > 0 && !ls_streq(report->conflict.text, tunnel->conflict.text))
		ls_warn("agent.route_conflict", "interface=%s routes=%zu first=\"%s\"",
		        tunnel->interface, report->route_conflicts, report->conflict.text);
	tunnel->conflict = report->conflict;
	if (plan->skip_count != tunnel->skips) {
		for (size_t i = 0; i < plan->skip_count; i++)
			ls_warn("agent.skipped", "what=\"%s\" reason=\"%s\"", plan->skips[i].what,
			        plan->skips[i].reason);
	}
	tunnel->skips = plan->skip_count;
}

static int apply_plan(struct tunnel *tunnel, const struct plan *plan, struct tunnel_report *report,
                      struct ls_fail *fail)
{
	struct apply_report done = {0};
	int r = apply_peers(tunnel, plan, report, fail);

	if (r == 0)
		r = apply_interface(tunnel->rtnl, plan, &done, fail);
	if (r < 0)
		return r;
	tunnel->mtu = plan->mtu;
	log_report(tunnel, plan, &done);
	/* Names are a convenience: a hosts file that cannot be written stops no tunnel. */
	if (tunnel->hosts_path &&
	    apply_hosts_file_write(tunnel->hosts_path, tunnel->profile, plan, NULL, fail) < 0)
		ls_warn("agent.hosts_failed", "error=\"%s\"", fail->text);
	return 0;
}

int agent_tunnel_apply(struct tunnel *tunnel, const struct netmap *netmap,
                       struct tunnel_report *ret, struct ls_fail *fail)
{
	const struct plan_options options = {.interface = tunnel->interface,
	                                     .keepalive_s = PLAN_KEEPALIVE_S};
	const struct apply_facts_query query = {.interface = tunnel->interface, .netmap = netmap};
	struct apply_facts facts = {0};
	struct plan *plan;
	int r = apply_facts_gather(tunnel->rtnl, &query, &facts, fail);

	if (r < 0)
		return r;
	r = plan_make(netmap, &options, &facts.facts, &plan, fail);
	apply_facts_done(&facts);
	if (r < 0)
		return r;
	r = apply_plan(tunnel, plan, ret, fail);
	plan_free(plan);
	return r;
}

int agent_tunnel_set_key(struct tunnel *tunnel, const struct wg_private_key *key,
                         struct ls_fail *fail)
{
	struct wg_config change = {.flags = WG_CONFIG_PRIVATE_KEY, .private_key = *key};
	int r;

	if (!tunnel->dp)
		return 0; /* agent_tunnel_reopen is given the key */
	r = tunnel->ops->configure(tunnel->dp, &change, fail);
	wg_config_done(&change);
	return r;
}

int agent_tunnel_observe(struct tunnel *tunnel, uint64_t now_ns, struct ls_fail *fail)
{
	struct wg_config device = {0}, change = {0};
	int r = read_device(tunnel, &device, fail);

	if (r < 0)
		return r;
	r = agent_peers_observe(tunnel->peers, &device, now_ns, &change);
	if (r < 0)
		(void)ls_fail_set(fail, r, "%s: peers: %s", tunnel->interface, ls_strerror(r));
	else if (change.peer_count > 0)
		r = tunnel->ops->configure(tunnel->dp, &change, fail);
	wg_config_done(&change);
	wg_config_done(&device);
	return r;
}

int agent_tunnel_event_fd(const struct tunnel *tunnel)
{
	return tunnel->dp ? tunnel->ops->event_fd(tunnel->dp) : -1;
}

uint16_t agent_tunnel_listen_port(const struct tunnel *tunnel)
{
	return tunnel->listen_port;
}

uint32_t agent_tunnel_mtu(const struct tunnel *tunnel)
{
	return tunnel->mtu;
}

const char *agent_tunnel_interface(const struct tunnel *tunnel)
{
	return tunnel->interface;
}
