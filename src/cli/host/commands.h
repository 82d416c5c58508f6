/* SPDX-License-Identifier: Apache-2.0 */
/* The commands about this host: its tunnel, names and shell. */
#ifndef LS_CLI_HOST_COMMANDS_H
#define LS_CLI_HOST_COMMANDS_H

#include "cli/frame/command.h"

extern const struct cli_command host_dns;
extern const struct cli_command host_completion;
extern const struct cli_command host_help;
extern const struct cli_command host_platform;
extern const struct cli_command host_wg_up;
extern const struct cli_command host_wg_down;
extern const struct cli_command host_agent;

#endif
