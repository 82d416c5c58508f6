/* SPDX-License-Identifier: Apache-2.0 */
/* The options as they come in: the command line, then the file of --config, then the environment.
 */
#ifndef LS_SERVER_OPTIONS_PARSE_H
#define LS_SERVER_OPTIONS_PARSE_H

#include "server/options/options.h"

/* Reads argv, and overwrites an admin token in it, which other users would see in the process list.
 * LS_ERROR_USAGE with one line in `fail`. The caller calls options_done() in any case. */
int options_parse(int argc, char **argv, struct options *ret, struct ls_fail *fail) LS_MUST_CHECK;

#endif
