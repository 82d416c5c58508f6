/* SPDX-License-Identifier: Apache-2.0 */
/* The states of an agent and what moves it between them: pure. */
#ifndef LS_AGENT_LIFECYCLE_H
#define LS_AGENT_LIFECYCLE_H

#include "base/error.h"
#include "proto/netmap.h"

enum agent_state {
	/* No server has answered in this run; the cached netmap, where there is one, is in
	 * force. */
	AGENT_STARTING,
	/* As the last netmap of a server says: the tunnels are up. */
	AGENT_RUNNING,
	/* No server answers. What was in force stays in force, for as long as it lasts. */
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

const char *agent_state_name(enum agent_state state);

/* What a netmap of a server makes of it. */
enum agent_state agent_lifecycle_after_netmap(const struct node_info *node);
/* What a failed heartbeat makes of it; `code` as in struct control_answer. */
enum agent_state agent_lifecycle_after_failure(enum agent_state state, int code);
/* One line for people: what the state means and what helps. */
const char *agent_lifecycle_reason(enum agent_state state);
/* The peers must go, whatever the netmap at hand says. */
bool agent_lifecycle_is_cut_off(enum agent_state state);

#endif
