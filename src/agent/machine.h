/* SPDX-License-Identifier: Apache-2.0 */
/* The states of an agent and what moves it between them. A value; zero-initialise it. Each change
 * of state is logged (agent.state). */
#ifndef LS_AGENT_MACHINE_H
#define LS_AGENT_MACHINE_H

#include "base/error.h"
#include "plan/plan.h"

enum agent_state {
	/* No server has answered in this run; the cached netmap, where there is one, is in
	 * force. */
	AGENT_STARTING,
	/* As the last netmap of a server says: the tunnels are up. */
	AGENT_RUNNING,
	/* No server answers. The last netmap stays active. */
	AGENT_OFFLINE,
	/* The server holds this node back: it has no peers. The three reasons there are. */
	AGENT_WAITING_APPROVAL,
	AGENT_ROTATION_DUE,
	AGENT_REVOKED,
	/* The server does not know this node or its token: it has no peers. Asked again, slowly,
	 * as a server may be restored. */
	AGENT_UNKNOWN,
	/* Removing what was made. Nothing leads out of it. */
	AGENT_STOPPING,
};

struct machine {
	enum agent_state state;
};

/* Where a server's netmap leads: it gives this node peers, or says why not. */
enum agent_state agent_machine_after_netmap(enum plan_hold hold);
/* Where a failed heartbeat leads; `code` as in struct control_answer. */
enum agent_state agent_machine_after_failure(enum agent_state state, int code);

void agent_machine_set(struct machine *machine, enum agent_state state);

#endif
