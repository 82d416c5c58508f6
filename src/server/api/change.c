/* SPDX-License-Identifier: Apache-2.0 */
#include "server/api/change.h"

#include "server/api/auth.h"

static void on_done(void *arg, const struct state_outcome *outcome)
{
	struct call *call = arg;
	struct ls_fail fail = {0};
	int r = outcome->code;

	if (r < 0) {
		fail = *outcome->fail;
		r = api_auth_note(call, r, &fail);
	} else if (call->request) {
		r = call->changed(call, outcome, &fail);
	}
	api_call_send(call, r, &fail);
}

struct state_completion api_change_then(struct call *call, call_changed answer)
{
	call->changed = answer;
	return (struct state_completion){.done = on_done, .arg = call};
}

int api_change_begun(struct call *call, int code, struct ls_fail *fail)
{
	return code < 0 ? api_auth_note(call, code, fail) : CALL_LATER;
}
