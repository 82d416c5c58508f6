/* SPDX-License-Identifier: Apache-2.0 */
/* A call that changes the state is answered when its change has ended. */
#ifndef LS_SERVER_API_CHANGE_H
#define LS_SERVER_API_CHANGE_H

#include "server/api/call.h"
#include "server/state/outcome.h"

/* The completion for a call's change, to be passed on at once. From here on, the call waits
 * (waiting.h), and its JSON body is gone. When the change is durable, `answer` fills the answer.
 * The call is then sent and freed, also when the change has failed. */
struct state_completion api_change_then(struct call *call, call_changed answer);

/* Turns the result of a changing function of state.h into the result of the handler: CALL_LATER
 * when the change has begun, or the error. */
int api_change_begun(struct call *call, int code, struct ls_fail *fail) LS_MUST_CHECK;

#endif
