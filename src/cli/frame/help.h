/* SPDX-License-Identifier: Apache-2.0 */
/* Help texts from the table of commands. */
#ifndef LS_CLI_FRAME_HELP_H
#define LS_CLI_FRAME_HELP_H

#include <stdio.h>

#include "base/str.h"
#include "cli/frame/command.h"

/* `path` names a command or a group; "" is the program itself. */
void cli_help_print(FILE *out, const char *path);

/* Appends what an option or argument means, in one phrase with its choices, alias and default. */
void cli_help_option(const struct cli_option *option, struct ls_buf *buf);
void cli_help_positional(const struct cli_positional *positional, struct ls_buf *buf);

#endif
