/* SPDX-License-Identifier: Apache-2.0 */
#include "server/api/change.h"

#include <errno.h>

#include "server/api/auth.h"
#include "server/api/waiting.h"

static void on_done(void *arg, const struct state_outcome *outcome)
{
	struct call *call = arg;
	struct ls_fail fail = {0};
	int r = outcome->code;

	api_waiting_end(call);
	if (r < 0) {
		call->server->counts.no_room += r == -EBUSY;
		fail = *outcome->fail;
		r = api_auth_note(call, r, &fail);
	} else if (call->request) {
		r = call->changed(call, outcome, &fail);
	}
	api_call_send(call, r, &fail);
}

static bool withdraw(struct call *call)
{
	return state_withdraw(call->server->state, &call->ticket);
}

struct state_completion api_change_then(struct call *call, call_changed answer)
{
	/* It may wait for long, and all of it that is needed is in the arena. */
	json_decref(call->body);
	call->body = NULL;
	call->changed = answer;
	api_waiting_add(call, withdraw);
	return (struct state_completion){.ticket = &call->ticket, .done = on_done, .arg = call};
}

int api_change_begun(struct call *call, int code, struct ls_fail *fail)
{
	/* After a success, the call may be freed. */
	if (code >= 0)
		return CALL_LATER;
	api_waiting_end(call);
	call->server->counts.no_room += code == -EBUSY;
	return api_auth_note(call, code, fail);
}
