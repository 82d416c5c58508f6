/* SPDX-License-Identifier: Apache-2.0 */
/* Refuses what this build or host has not got, in the one place: before a command runs. */
#ifndef LS_CLI_FRAME_NEED_H
#define LS_CLI_FRAME_NEED_H

#include "cli/frame/args.h"

/* Checks what the command and the options that were given need (command.h). -ENOTSUP names the
 * command, the host, what is missing, and what works instead or what to do. */
int cli_need_check(const struct cli_args *args, struct ls_fail *fail) LS_MUST_CHECK;

#endif
