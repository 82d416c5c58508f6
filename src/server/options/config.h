/* SPDX-License-Identifier: Apache-2.0 */
/* The options in a file: a JSON object with their names; lists may be arrays. */
#ifndef LS_SERVER_OPTIONS_CONFIG_H
#define LS_SERVER_OPTIONS_CONFIG_H

#include "server/options/options.h"

/* Takes what the file says and the command line did not. LS_ERROR_USAGE. */
int options_read_config(struct options *options, const char *path,
                        struct ls_fail *fail) LS_MUST_CHECK;

#endif
