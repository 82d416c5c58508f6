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
	/* A server says that it does not know this node or its token, but that does not count yet
	 * (agent/refusals.h). The last netmap stays active. */
	AGENT_REFUSED,
	/* A server does not take what this node announces (400). The last netmap stays active. */
	AGENT_REJECTED,
	/* The node's own server does not know this node or its token: the node has no peers.
	 * Heartbeats go on with back-off, because a server's database may be restored. */
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
/* What a failed heartbeat says. */
enum agent_failure {
	AGENT_FAILURE_UNREACHABLE, /* nothing: no server answered as one should */
	AGENT_FAILURE_REFUSED,     /* some server refused this node */
	AGENT_FAILURE_DISOWNED,    /* the same, and it counts */
	AGENT_FAILURE_REJECTED,    /* a server does not take the announcement */
};

/* The state after a failed heartbeat in `state`. */
enum agent_state agent_machine_after_failure(enum agent_state state, enum agent_failure failure);

void agent_machine_set(struct machine *machine, enum agent_state state);

#endif
