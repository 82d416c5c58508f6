/* SPDX-License-Identifier: Apache-2.0 */
/* Checks that the state can be saved before the server learns of it: a node that loses its token or
 * its keys cannot use the network any more. */
#ifndef LS_CLI_SESSION_STATE_ROOM_H
#define LS_CLI_SESSION_STATE_ROOM_H

#include "base/error.h"

/* Fails when a file of a state's size cannot be written beside `state_path` (DIR/state.json). The
 * caller holds the state's lock, so that two processes do not try at once. */
int session_state_room_check(const char *state_path, struct ls_fail *fail) LS_MUST_CHECK;

#endif
