/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <sodium.h>

#include "agent/netmap_same.h"
#include "agent/run.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/str.h"

static void note_applied(struct agent *agent, const struct netmap *netmap,
                         const struct tunnel_report *report, const char *source)
{
	agent->unapplied = false;
	control_backoff_reset(&agent->retry);
	ls_info("agent.netmap",
	        "revision=%llu peers=%zu added=%zu removed=%zu changed=%zu source=%s",
	        (unsigned long long)netmap->revision, report->peers, report->added, report->removed,
	        report->changed, source);
}

static void note_unapplied(struct agent *agent, const struct ls_fail *fail)
{
	uint64_t wait = control_backoff_next(&agent->retry, randombytes_random());

	agent->unapplied = true;
	agent->retry_ns = ls_now_ns() + wait;
	ls_error("agent.apply_failed", "interface=%s retry_ms=%llu error=\"%s\"",
	         agent_tunnel_interface(agent->tunnel), (unsigned long long)(wait / LS_NS_PER_MS),
	         fail->text);
}

void agent_reconcile(struct agent *agent, const char *source)
{
	const struct netmap *netmap = agent->state->last_netmap;
	bool unknown = agent->machine.state == AGENT_UNKNOWN;
	struct tunnel_report report;
	struct ls_fail fail = {0};

	if (!netmap)
		return;
	if (agent_tunnel_apply(agent->tunnel, netmap, unknown, &report, &fail) < 0)
		note_unapplied(agent, &fail);
	else
		note_applied(agent, netmap, &report, source);
}

void agent_retry(struct agent *agent, uint64_t now_ns)
{
	if (agent->unapplied && now_ns >= agent->retry_ns)
		agent_reconcile(agent, agent->from_server ? "server" : "cache");
}

/* Another command may have rotated the keys meanwhile. */
static void adopt_state(struct agent *agent, struct node_state *fresh)
{
	struct ls_fail fail = {0};

	if (!key_equal(fresh->wg_private_key.b, agent->state->wg_private_key.b)) {
		char short_key[LS_KEY_SHORT_TEXT];

		if (agent_tunnel_set_key(agent->tunnel, &fresh->wg_private_key, &fail) < 0)
			ls_error("agent.key_failed", "error=\"%s\"", fail.text);
		else
			ls_info("agent.key", "key=%s reason=rotated",
			        key_short(fresh->wg_public_key.b, short_key));
	}
	if (agent->link)
		agent_uplink_set_token(agent->link, fresh->node_token
		                                            ? fresh->node_token
		                                            : agent->options->admin_token);
	profile_state_free(agent->state);
	agent->state = fresh;
}

/* The file is read anew before it is written, under its lock: other commands write it too, and one
 * that has become unreadable, or another node's, must stay as it is. Nor is a command waited for
 * that holds the lock, maybe while it talks to a server: the next tick tries again. */
static void save(struct agent *agent)
{
	const char *path = agent->options->state_path;
	struct ls_fail fail = {0};
	struct node_state *fresh;
	LS_CLOSE int lock = -1;
	int r = profile_state_lock(path, false, &lock, &fail);

	if (r == 0)
		r = profile_state_load(path, &fresh, &fail);
	if (r == 0 && !ls_streq(fresh->node_id, agent->state->node_id)) {
		r = ls_fail_set(&fail, LS_ERROR_CONFLICT,
		                "%s: the profile was registered again; restart the agent", path);
		profile_state_free(fresh);
	}
	if (r == 0) {
		profile_state_set_netmap(fresh, LS_STEAL(agent->state->last_netmap));
		adopt_state(agent, fresh);
		r = profile_state_save(agent->state, path, ls_wall_s(), &fail);
	}
	if (r < 0) /* once; the attempts that follow are no news */
		ls_log(r == -EWOULDBLOCK || agent->unsaved ? LS_LOG_DEBUG : LS_LOG_ERROR,
		       "state.not_saved", "error=\"%s\"", fail.text);
	agent->unsaved = r < 0;
}

void agent_save_again(struct agent *agent)
{
	if (agent->unsaved)
		save(agent);
}

static bool key_differs(const struct agent *agent)
{
	const struct netmap *netmap = agent->state->last_netmap;

	return netmap &&
	       !key_equal(netmap->node.peer.wg_public_key.b, agent->state->wg_public_key.b);
}

/* The server knows another key of ours than the state file: whoever rotated it stores the new one
 * only after the server took it, so that the netmap may be here first. */
void agent_watch_key(struct agent *agent)
{
	struct node_state *fresh;

	if (!key_differs(agent)) {
		agent->said_key = false;
		return;
	}
	if (!agent->said_key)
		ls_warn("agent.key_differs",
		        "reason=\"the server has another WireGuard key of this node than %s\"",
		        agent->options->state_path);
	agent->said_key = true;
	if (profile_state_load(agent->options->state_path, &fresh, NULL) < 0)
		return;
	if (!ls_streq(fresh->node_id, agent->state->node_id) ||
	    key_equal(fresh->wg_public_key.b, agent->state->wg_public_key.b)) {
		profile_state_free(fresh);
		return;
	}
	profile_state_set_netmap(fresh, LS_STEAL(agent->state->last_netmap));
	adopt_state(agent, fresh);
}

void agent_take_netmap(struct agent *agent, struct netmap *netmap)
{
	bool news = !agent_netmap_same(agent->state->last_netmap, netmap);
	bool was_unknown = agent->machine.state == AGENT_UNKNOWN;

	if (!ls_streq(netmap->node.peer.id, agent->state->node_id)) {
		ls_error("control.wrong_node", "wanted=%s got=%s", agent->state->node_id,
		         netmap->node.peer.id);
		proto_netmap_free(netmap);
		return;
	}
	agent->said_failure = 0;
	agent_machine_set(&agent->machine,
	                  agent_machine_after_netmap(plan_hold_of(&netmap->node, false)));
	profile_state_set_netmap(agent->state, netmap);
	if (news)
		save(agent);
	if (news || was_unknown || !agent->from_server || agent->unapplied) {
		agent->from_server = true;
		agent_reconcile(agent, "server");
	}
	agent_watch_key(agent);
}

void agent_take_failure(struct agent *agent, const struct ls_fail *fail, unsigned retry_ms)
{
	enum agent_state next = agent_machine_after_failure(agent->machine.state, fail->code);
	bool refused = next == AGENT_UNKNOWN && agent->machine.state != AGENT_UNKNOWN;
	const struct agent_options *options = agent->options;
	struct ls_fail said = *fail;

	if (options->advise)
		options->advise(options->advise_arg, &said);
	/* Once; the attempts that follow are no news unless they fail in another way. */
	ls_log(refused || agent->said_failure != fail->code ? LS_LOG_WARN : LS_LOG_DEBUG,
	       next == AGENT_UNKNOWN ? "control.refused" : "control.unreachable",
	       "retry_ms=%u error=\"%s\"", retry_ms, said.text);
	agent->said_failure = fail->code;
	agent_machine_set(&agent->machine, next);
	if (refused)
		agent_reconcile(agent, "server");
}
