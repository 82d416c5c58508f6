/* SPDX-License-Identifier: Apache-2.0 */
/* Inside of the options: one value at a time, from the command line or from a file. */
#ifndef LS_SERVER_OPTIONS_SET_H
#define LS_SERVER_OPTIONS_SET_H

#include "server/options/options.h"
#include "server/options/table.h"

/* Checks a value and takes it; a list may hold commas, and adds to what was given before. `value`
 * is cut up on the way. LS_ERROR_USAGE. */
int options_set(struct options *options, enum option_value option, char *value,
                struct ls_fail *fail) LS_MUST_CHECK;

#endif
