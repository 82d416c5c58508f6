/* SPDX-License-Identifier: Apache-2.0 */
/* Who the server runs as. */
#ifndef LS_SERVER_PROCESS_USER_H
#define LS_SERVER_PROCESS_USER_H

#include "base/error.h"

/* Takes on the user's ids and groups; NULL: stays who it is, with the warning process.root when
 * that is root. Anybody else loses all capabilities, such as a service manager gives for low ports.
 */
int process_become_user(const char *name, struct ls_fail *fail) LS_MUST_CHECK;

#endif
