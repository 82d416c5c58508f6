/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/lifecycle.h"

static const char *const state_names[] = {
        [AGENT_STARTING] = "starting",         [AGENT_RUNNING] = "running",
        [AGENT_OFFLINE] = "offline",           [AGENT_WAITING_APPROVAL] = "waiting-approval",
        [AGENT_ROTATION_DUE] = "rotation-due", [AGENT_REVOKED] = "revoked",
        [AGENT_UNKNOWN] = "unknown-node",      [AGENT_STOPPING] = "stopping",
};
static const char *const state_reasons[] = {
        [AGENT_STARTING] = "no answer of a control server yet",
        [AGENT_RUNNING] = "the control server's netmap is active",
        [AGENT_OFFLINE] = "no control server answers; the last netmap stays active",
        [AGENT_WAITING_APPROVAL] =
                "this node is not approved yet; open its approval URL or have an admin approve it",
        [AGENT_ROTATION_DUE] =
                "this node's keys are older than the network allows; run rotate-keys",
        [AGENT_REVOKED] = "an admin revoked this node; rotate-keys or a new registration ends it",
        [AGENT_UNKNOWN] =
                "the control server does not know this node or its token; register it again",
        [AGENT_STOPPING] = "asked to stop",
};
_Static_assert(sizeof(state_names) / sizeof(state_names[0]) == AGENT_STOPPING + 1, "names");
_Static_assert(sizeof(state_reasons) / sizeof(state_reasons[0]) == AGENT_STOPPING + 1, "reasons");

const char *agent_state_name(enum agent_state state)
{
	return state_names[state];
}

const char *agent_lifecycle_reason(enum agent_state state)
{
	return state_reasons[state];
}

enum agent_state agent_lifecycle_after_netmap(const struct node_info *node)
{
	if (node->revoked)
		return AGENT_REVOKED;
	if (node->key_rotation_required)
		return AGENT_ROTATION_DUE;
	if (!node->approved)
		return AGENT_WAITING_APPROVAL;
	return AGENT_RUNNING;
}

enum agent_state agent_lifecycle_after_failure(enum agent_state state, int code)
{
	if (code == LS_ERROR_AUTH || code == LS_ERROR_NOT_FOUND)
		return AGENT_UNKNOWN;
	/* A server that told us off and then went away has not changed its mind. */
	return state == AGENT_UNKNOWN ? AGENT_UNKNOWN : AGENT_OFFLINE;
}

bool agent_lifecycle_is_cut_off(enum agent_state state)
{
	return state == AGENT_UNKNOWN;
}
