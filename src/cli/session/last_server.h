/* SPDX-License-Identifier: Apache-2.0 */
/* Which control server of a list answered last, from one command to the next, so that a dead one
 * at its head costs its time once. Kept in the file `control-url` beside the profile's state.json,
 * which is only there while it is not the first of the list. */
#ifndef LS_CLI_SESSION_LAST_SERVER_H
#define LS_CLI_SESSION_LAST_SERVER_H

#include "control/url.h"

/* Sets urls->first. What cannot be read, or is not in the list, changes nothing. */
void session_last_server_load(const char *state_path, struct control_url_list *urls);
/* Sets urls->first to the one of `current` and keeps it. Failures are logged for debugging: what is
 * lost is time. */
void session_last_server_save(const char *state_path, struct control_url_list *urls,
                              const struct control_url *current);

#endif
