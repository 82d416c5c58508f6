/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/machine.h"

#include "base/log.h"

static const char *const state_names[] = {
        [AGENT_STARTING] = "starting",         [AGENT_RUNNING] = "running",
        [AGENT_OFFLINE] = "offline",           [AGENT_WAITING_APPROVAL] = "waiting-approval",
        [AGENT_ROTATION_DUE] = "rotation-due", [AGENT_REVOKED] = "revoked",
        [AGENT_REFUSED] = "refused",           [AGENT_REJECTED] = "rejected",
        [AGENT_UNKNOWN] = "unknown-node",      [AGENT_STOPPING] = "stopping",
};
static const char *const state_reasons[] = {
        [AGENT_STARTING] = "no answer of a control server yet",
        [AGENT_RUNNING] = "the control server's netmap is active",
        [AGENT_OFFLINE] = "no control server answers; the last netmap stays active",
        [AGENT_WAITING_APPROVAL] =
                "this node is not approved yet; open its approval URL or have an admin approve it",
        [AGENT_ROTATION_DUE] =
                "this node's keys are older than the network allows; it needs new ones",
        [AGENT_REVOKED] = "an admin revoked this node; new keys or a new registration end that",
        [AGENT_REFUSED] =
                "an answer says that this node is unknown; the last netmap stays for 30 s or more",
        [AGENT_REJECTED] =
                "a server does not accept what this node announces; the last netmap stays active",
        [AGENT_UNKNOWN] =
                "the control server does not know this node or its token; register it again",
        [AGENT_STOPPING] = "asked to stop",
};
_Static_assert(sizeof(state_names) / sizeof(state_names[0]) == AGENT_STOPPING + 1, "names");
_Static_assert(sizeof(state_reasons) / sizeof(state_reasons[0]) == AGENT_STOPPING + 1, "reasons");

enum agent_state agent_machine_after_netmap(enum plan_hold hold)
{
	switch (hold) {
	case PLAN_HOLD_NONE:
		return AGENT_RUNNING;
	case PLAN_HOLD_UNAPPROVED:
		return AGENT_WAITING_APPROVAL;
	case PLAN_HOLD_ROTATION:
		return AGENT_ROTATION_DUE;
	case PLAN_HOLD_REVOKED:
		return AGENT_REVOKED;
	case PLAN_HOLD_UNKNOWN:
		break;
	}
	return AGENT_UNKNOWN;
}

enum agent_state agent_machine_after_failure(enum agent_state state, enum agent_failure failure)
{
	/* Until a server gives this node a netmap again, the refusal still holds. */
	if (state == AGENT_UNKNOWN)
		return AGENT_UNKNOWN;
	switch (failure) {
	case AGENT_FAILURE_REFUSED:
		return AGENT_REFUSED;
	case AGENT_FAILURE_DISOWNED:
		return AGENT_UNKNOWN;
	case AGENT_FAILURE_REJECTED:
		return AGENT_REJECTED;
	case AGENT_FAILURE_UNREACHABLE:
		break;
	}
	return AGENT_OFFLINE;
}

void agent_machine_set(struct machine *machine, enum agent_state state)
{
	if (machine->state == state)
		return;
	ls_info("agent.state", "old=%s new=%s reason=\"%s\"", state_names[machine->state],
	        state_names[state], state_reasons[state]);
	machine->state = state;
}
