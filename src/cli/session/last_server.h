/* SPDX-License-Identifier: Apache-2.0 */
/* Remembers which control server answered last, from one command to the next, so that the commands
 * wait only once for a dead server at the head of the list. It is stored in the file `control-url`
 * beside the profile's state.json; that file exists only while the server is not the first of the
 * list. */
#ifndef LS_CLI_SESSION_LAST_SERVER_H
#define LS_CLI_SESSION_LAST_SERVER_H

#include "control/url.h"

/* Sets urls->first. Leaves it when the file cannot be read or names a server that is not in the
 * list. */
void session_last_server_load(const char *state_path, struct control_url_list *urls);
/* Sets urls->first to the server `current` and stores it. Failures are logged at debug level only:
 * they cost nothing but time. */
void session_last_server_save(const char *state_path, struct control_url_list *urls,
                              const struct control_url *current);

#endif
