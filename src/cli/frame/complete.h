/* SPDX-License-Identifier: Apache-2.0 */
/* Completion scripts for shells, written from the table of commands. A script knows everything by
 * itself and never runs the program. */
#ifndef LS_CLI_FRAME_COMPLETE_H
#define LS_CLI_FRAME_COMPLETE_H

#include <stdbool.h>
#include <stdio.h>

#include "cli/frame/command.h"

void cli_complete_bash(FILE *out);
void cli_complete_zsh(FILE *out);
void cli_complete_fish(FILE *out);

/* What the writers share. A place is where words stand: the root, a group, or a command (then not
 * NULL). */
typedef void complete_place_fn(FILE *out, const char *path, const struct cli_command *command);
void cli_complete_each_place(FILE *out, complete_place_fn *fn);

typedef void complete_child_fn(FILE *out, const char *parent, const char *word,
                               const char *summary);
void cli_complete_each_child(FILE *out, const char *parent, complete_child_fn *fn);

/* Each option that counts at a command: its own ones, then the global ones that it does not hide.
 */
typedef void complete_option_fn(FILE *out, const char *path, const struct cli_option *option,
                                bool global);
void cli_complete_each_option(FILE *out, const char *path, const struct cli_command *command,
                              complete_option_fn *fn);

/* The words that a command's positional may be; NULL when it may be anything. */
const char *const *cli_complete_arguments(const struct cli_command *command);
bool cli_complete_takes_file(const struct cli_option *option);
/* `s` in single quotes, as sh and zsh want them. */
void cli_complete_quote(FILE *out, const char *s);
void cli_complete_words(FILE *out, const char *const *words, const char *separator);

#endif
