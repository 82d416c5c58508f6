/* SPDX-License-Identifier: Apache-2.0 */
/* Checks of option values by kind. */
#ifndef LS_CLI_FRAME_CHECK_H
#define LS_CLI_FRAME_CHECK_H

#include "base/error.h"
#include "cli/frame/command.h"
#include "wire/ip.h"

/* Returns 0, or LS_ERROR_USAGE with one line that names the option and says what it expects.
 * Messages never repeat a secret. */
int cli_check_value(const struct cli_option *option, const char *text,
                    struct ls_fail *fail) LS_MUST_CHECK;

/* The same for a positional argument. */
int cli_check_positional(const struct cli_positional *spec, const char *text,
                         struct ls_fail *fail) LS_MUST_CHECK;

/* Parses "REAL=MAPPED". LS_ERROR_SYNTAX when that is not two prefixes; LS_ERROR_BAD_VALUE when they
 * differ in family or length. */
int cli_mapping_parse(const char *text, struct ls_prefix *ret_real,
                      struct ls_prefix *ret_mapped) LS_MUST_CHECK;

#endif
