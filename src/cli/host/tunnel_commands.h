/* SPDX-License-Identifier: Apache-2.0 */
/* Runs the commands that start or remove a tunnel. Built only with the data plane. */
#ifndef LS_CLI_HOST_TUNNEL_COMMANDS_H
#define LS_CLI_HOST_TUNNEL_COMMANDS_H

#include "cli/frame/args.h"

int host_tunnel_commands_agent(const struct cli_args *args, struct ls_fail *fail) LS_MUST_CHECK;
int host_tunnel_commands_wg_up(const struct cli_args *args, struct ls_fail *fail) LS_MUST_CHECK;
int host_tunnel_commands_wg_down(const struct cli_args *args, struct ls_fail *fail) LS_MUST_CHECK;

#endif
