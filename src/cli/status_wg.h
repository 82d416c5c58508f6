/* SPDX-License-Identifier: Apache-2.0 */
/* What status --wg prints. Built with the data plane only. */
#ifndef LS_CLI_STATUS_WG_H
#define LS_CLI_STATUS_WG_H

#include "cli/args.h"
#include "cli/session.h"

/* The node, as status prints it, and the live peers of its interface. `session` has its state. */
int status_wg_print(const struct cli_args *args, const struct session *session,
                    struct ls_fail *fail) LS_MUST_CHECK;

#endif
