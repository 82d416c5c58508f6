/* SPDX-License-Identifier: Apache-2.0 */
/* Refuses a command or option that this build or host cannot carry out, before the command runs. */
#ifndef LS_CLI_FRAME_NEED_H
#define LS_CLI_FRAME_NEED_H

#include "cli/frame/args.h"

/* Checks the needs (command.h) of the command and of the options that were given. The text of
 * -ENOTSUP names the command, the host, what is missing, and what to do or use instead. */
int cli_need_check(const struct cli_args *args, struct ls_fail *fail) LS_MUST_CHECK;

#endif
