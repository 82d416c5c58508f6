/* SPDX-License-Identifier: Apache-2.0 */
/* Whether what a server is about to be told can be kept here: a node whose token or keys are not
 * stored is cut off. */
#ifndef LS_CLI_SESSION_STATE_ROOM_H
#define LS_CLI_SESSION_STATE_ROOM_H

#include "base/error.h"

/* A file of a state's size can be written beside `state_path` (DIR/state.json). Needs the state's
 * lock, so that two do not try at once. */
int session_state_room_check(const char *state_path, struct ls_fail *fail) LS_MUST_CHECK;

#endif
