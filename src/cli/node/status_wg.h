/* SPDX-License-Identifier: Apache-2.0 */
/* What status --wg prints. Built with the data plane only. */
#ifndef LS_CLI_NODE_STATUS_WG_H
#define LS_CLI_NODE_STATUS_WG_H

#include "cli/frame/args.h"
#include "cli/session/session.h"

/* The node, as status prints it, and the live peers of its interface. `session` has its state. */
int node_status_wg_print(const struct cli_args *args, const struct session *session,
                         struct ls_fail *fail) LS_MUST_CHECK;

#endif
