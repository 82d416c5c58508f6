/* SPDX-License-Identifier: Apache-2.0 */
/* A parsed command line: checked values by option name. */
#ifndef LS_CLI_FRAME_ARGS_H
#define LS_CLI_FRAME_ARGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "cli/frame/command.h"

enum cli_wish {
	CLI_WISH_RUN,     /* run args->command */
	CLI_WISH_HELP,    /* print the help of args->path */
	CLI_WISH_VERSION, /* print the version */
};

struct cli_value {
	const struct cli_option *option;
	char *text;
};

struct cli_args {
	enum cli_wish wish;
	const struct cli_command *command; /* NULL until known */
	char path[CLI_PATH_MAX];           /* the words of the command or group, "" for the root */
	char *positionals[CLI_POSITIONALS_MAX];
	size_t positional_count;
	struct cli_value *values; /* in the order of the command line */
	size_t value_count;
	size_t value_cap;
};

/* Parses and checks the command line; any mistake is LS_ERROR_USAGE. argv[0] is skipped. Secret
 * values are overwritten in `argv` itself, so that a list of processes does not show them. The
 * caller ends `ret` with cli_args_done, also after a failure. */
int cli_args_parse(int argc, char **argv, struct cli_args *ret, struct ls_fail *fail) LS_MUST_CHECK;
void cli_args_done(struct cli_args *args); /* wipes secrets */

/* All of these assert that the command's table or the global one has the option. */
bool cli_given(const struct cli_args *args, const char *option);
/* The value, else the table's default, else NULL. */
const char *cli_text(const struct cli_args *args, const char *option);
/* The value of a CLI_NUMBER, else the table's default, else 0. */
uint64_t cli_number(const struct cli_args *args, const char *option);
size_t cli_count(const struct cli_args *args, const char *option);
/* All values in order, as a malloced array of borrowed strings; *ret_count may be 0. */
const char **cli_list(const struct cli_args *args, const char *option, size_t *ret_count);

#endif
