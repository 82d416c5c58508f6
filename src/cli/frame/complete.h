/* SPDX-License-Identifier: Apache-2.0 */
/* Shell completion scripts, generated from the table of commands. A script contains all it needs
 * and never runs the program. */
#ifndef LS_CLI_FRAME_COMPLETE_H
#define LS_CLI_FRAME_COMPLETE_H

#include <stdbool.h>
#include <stdio.h>

#include "cli/frame/command.h"

void cli_complete_bash(FILE *out);
void cli_complete_zsh(FILE *out);
void cli_complete_fish(FILE *out);

/* The walks over the table that all three writers use. A place is the root, a group or a command;
 * `command` is NULL unless the place is a command. */
typedef void complete_place_fn(FILE *out, const char *path, const struct cli_command *command);
void cli_complete_each_place(FILE *out, complete_place_fn *fn);

typedef void complete_child_fn(FILE *out, const char *parent, const char *word,
                               const char *summary);
void cli_complete_each_child(FILE *out, const char *parent, complete_child_fn *fn);

/* Visits each option that is valid at a place: the command's own, then the global ones, except
 * those that one of its own hides. */
typedef void complete_option_fn(FILE *out, const char *path, const struct cli_option *option,
                                bool global);
void cli_complete_each_option(FILE *out, const char *path, const struct cli_command *command,
                              complete_option_fn *fn);

/* The words that a command accepts as its first positional; NULL when it accepts any. */
const char *const *cli_complete_arguments(const struct cli_command *command);
bool cli_complete_takes_file(const struct cli_option *option);
/* Writes `s` in single quotes for sh and zsh. */
void cli_complete_quote(FILE *out, const char *s);
void cli_complete_words(FILE *out, const char *const *words, const char *separator);

#endif
