/* SPDX-License-Identifier: Apache-2.0 */
/* The states of an agent and its transitions. A value type; zero-initialise it. Each change of
 * state is logged (agent.state). */
#ifndef LS_AGENT_MACHINE_H
#define LS_AGENT_MACHINE_H

#include "base/error.h"
#include "plan/plan.h"

enum agent_state {
	/* No server has answered in this run. If there is a cached netmap, it is active. */
	AGENT_STARTING,
	/* The last netmap of a server is active, and the tunnels are up. */
	AGENT_RUNNING,
	/* No server answers. The last netmap stays active. */
	AGENT_OFFLINE,
	/* The node has no peers, for the reason that the last netmap gives. */
	AGENT_WAITING_APPROVAL,
	AGENT_ROTATION_DUE,
	AGENT_REVOKED,
	/* The server does not know this node or its token: the node has no peers. Heartbeats go on
	 * with back-off, because a server's database may be restored. */
	AGENT_UNKNOWN,
	/* The agent removes what it made. The last state. */
	AGENT_STOPPING,
};

struct machine {
	enum agent_state state;
};

/* The state after a netmap of a server; `hold` says why it gives this node no peers, or that it
 * does. */
enum agent_state agent_machine_after_netmap(enum plan_hold hold);
/* The state after a failed heartbeat in `state`; `code` as in struct control_answer. */
enum agent_state agent_machine_after_failure(enum agent_state state, int code);

void agent_machine_set(struct machine *machine, enum agent_state state);

#endif
