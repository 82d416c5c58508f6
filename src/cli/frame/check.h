/* SPDX-License-Identifier: Apache-2.0 */
/* Checks of option values by kind. */
#ifndef LS_CLI_FRAME_CHECK_H
#define LS_CLI_FRAME_CHECK_H

#include "base/error.h"
#include "cli/frame/command.h"
#include "wire/ip.h"

/* 0, or LS_ERROR_USAGE with one line that names the option and says what it wants. A secret is
 * never repeated. */
int cli_check_value(const struct cli_option *option, const char *text,
                    struct ls_fail *fail) LS_MUST_CHECK;

/* The same for an argument that is not an option. */
int cli_check_positional(const struct cli_positional *spec, const char *text,
                         struct ls_fail *fail) LS_MUST_CHECK;

/* "REAL=MAPPED", two prefixes of one family and length; LS_ERROR_SYNTAX or LS_ERROR_BAD_VALUE. */
int cli_mapping_parse(const char *text, struct ls_prefix *ret_real,
                      struct ls_prefix *ret_mapped) LS_MUST_CHECK;

#endif
