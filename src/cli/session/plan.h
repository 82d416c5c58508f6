/* SPDX-License-Identifier: Apache-2.0 */
/* The plan that this host makes of the loaded netmap, for commands that show it. */
#ifndef LS_CLI_SESSION_PLAN_H
#define LS_CLI_SESSION_PLAN_H

#include "cli/session/session.h"
#include "plan/plan.h"

/* `hosts_path` is the hosts file with the names that this host has; NULL: they do not matter. With
 * a data plane, this asks the kernel about this host. The caller frees the plan. */
int session_plan_make(const struct cli_args *args, const struct session *session,
                      const char *hosts_path, struct plan **ret,
                      struct ls_fail *fail) LS_MUST_CHECK;
void session_plan_free(struct plan **plan); /* for LS_CLEANUP */

#endif
