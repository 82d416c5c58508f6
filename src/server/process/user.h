/* SPDX-License-Identifier: Apache-2.0 */
/* The user that the server runs as. */
#ifndef LS_SERVER_PROCESS_USER_H
#define LS_SERVER_PROCESS_USER_H

#include "base/error.h"

/* Changes to the ids and groups of user `name`; NULL keeps those of the process. When it still is
 * root afterwards, this logs the warning process.root; else it drops all capabilities, which a
 * service manager may have given to bind low ports. */
int process_become_user(const char *name, struct ls_fail *fail) LS_MUST_CHECK;

#endif
