/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/frame/help.h"
#include "cli/frame/args.h"
#include "cli/host/commands.h"

/* The parser handles "help WORDS"; this is "help" with nothing but options after it. */
static int run(const struct cli_args *args, struct ls_fail *fail)
{
	(void)args;
	(void)fail;
	cli_help_print(stdout, "");
	return 0;
}

const struct cli_command host_help = {
        .path = "help",
        .summary = "Print this, or the help of a command",
        .description = "The words after it name a command or a group of commands, as in\n"
                       "'help admin token create'. It is the same as their --help.",
        .helps = true,
        .run = run,
};
