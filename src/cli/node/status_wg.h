/* SPDX-License-Identifier: Apache-2.0 */
/* Output of status --wg. Built only with the data plane. */
#ifndef LS_CLI_NODE_STATUS_WG_H
#define LS_CLI_NODE_STATUS_WG_H

#include "cli/frame/args.h"
#include "cli/session/session.h"

/* Prints the node as status does, then the live peers of its interface. The session's state is
 * loaded. */
int node_status_wg_print(const struct cli_args *args, const struct session *session,
                         struct ls_fail *fail) LS_MUST_CHECK;

#endif
