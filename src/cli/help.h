/* SPDX-License-Identifier: Apache-2.0 */
/* Help texts from the table of commands. */
#ifndef LS_CLI_HELP_H
#define LS_CLI_HELP_H

#include <stdio.h>

#include "cli/command.h"

/* `path` is a command's or a group's, "" for the program itself. */
void cli_help_print(FILE *out, const char *path);

#endif
