/* SPDX-License-Identifier: Apache-2.0 */
/* Reads the options from the command line, then from the file of --config, then from the
 * environment. What is read first wins. */
#ifndef LS_SERVER_OPTIONS_PARSE_H
#define LS_SERVER_OPTIONS_PARSE_H

#include "server/options/options.h"

/* Reads all options. Overwrites the admin token in argv, so that other users cannot see it in the
 * process list. LS_ERROR_USAGE with one line in `fail`. The caller calls options_done() in any
 * case. */
int options_parse(int argc, char **argv, struct options *ret, struct ls_fail *fail) LS_MUST_CHECK;

#endif
