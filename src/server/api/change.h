/* SPDX-License-Identifier: Apache-2.0 */
/* A call that changes the state: its answer comes when the change has come back. */
#ifndef LS_SERVER_API_CHANGE_H
#define LS_SERVER_API_CHANGE_H

#include "server/api/call.h"
#include "server/state/outcome.h"

/* The completion of a call's change. When the change is durable, `answer` fills the answer; then,
 * or when it has failed, the call is sent and freed. A client that goes meanwhile gets no answer;
 * the change takes place all the same. */
struct state_completion api_change_then(struct call *call, call_changed answer);

/* What a handler returns for what a changing function of state.h has returned: the call is passed
 * on, or refused. */
int api_change_begun(struct call *call, int code, struct ls_fail *fail) LS_MUST_CHECK;

#endif
