/* SPDX-License-Identifier: Apache-2.0 */
/* The file of --config: a JSON object whose members are options; lists may be arrays. */
#ifndef LS_SERVER_OPTIONS_CONFIG_H
#define LS_SERVER_OPTIONS_CONFIG_H

#include "server/options/options.h"

/* Sets the options that the file has and the command line does not have. LS_ERROR_USAGE. */
int options_read_config(struct options *options, const char *path,
                        struct ls_fail *fail) LS_MUST_CHECK;

#endif
