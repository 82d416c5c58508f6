/* SPDX-License-Identifier: Apache-2.0 */
/* Only for this folder: sets one option from its text, of the command line or a file. */
#ifndef LS_SERVER_OPTIONS_SET_H
#define LS_SERVER_OPTIONS_SET_H

#include "server/options/options.h"
#include "server/options/table.h"

/* Checks a value and stores a copy of it. The value of a list option may have several items with
 * commas between them; they are added to the items that are there. Modifies `value`.
 * LS_ERROR_USAGE. */
int options_set(struct options *options, enum option_value option, char *value,
                struct ls_fail *fail) LS_MUST_CHECK;

#endif
