/* SPDX-License-Identifier: Apache-2.0 */
/* What commands print on stdout: labelled fields, JSON documents, and times and sizes for people.
 * Colour is used only on a terminal, and never with NO_COLOR. */
#ifndef LS_CLI_FRAME_OUTPUT_H
#define LS_CLI_FRAME_OUTPUT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/string_list.h"

enum {
	CLI_AGE_TEXT = 32, /* buffer sizes */
	CLI_SIZE_TEXT = 32,
};

enum cli_style {
	CLI_STYLE_HEADER,
	CLI_STYLE_GOOD,
	CLI_STYLE_BAD,
};

/* Terminal escape sequences; "" when colour is off. */
const char *cli_style(enum cli_style style);
const char *cli_style_end(void);

/* "label:   text" with the text in one column. Control characters are masked. */
void cli_field(const char *label, const char *fmt, ...) LS_PRINTF(2, 3);
/* The same for a list, joined by ", "; "-" when it is empty. */
void cli_field_list(const char *label, struct string_list list);

/* Notes on stderr about the progress of a command; none with --quiet. */
void cli_set_quiet(bool quiet);
void cli_note(const char *fmt, ...) LS_PRINTF(1, 2);

/* Prints one document and releases the caller's reference. `document` NULL is -ENOMEM. */
int cli_print_json(json_t *document, struct ls_fail *fail) LS_MUST_CHECK;

/* "12s ago", "in 3h", "now"; "never" for 0. Both are Unix seconds. */
const char *cli_age(int64_t t, int64_t now, char buf[static CLI_AGE_TEXT]);
/* The same for an event of the past. A time in the future is "now": another host's clock is
 * ahead. */
const char *cli_ago(int64_t t, int64_t now, char buf[static CLI_AGE_TEXT]);
/* A length of time in the largest unit that divides it: "3 days", "90 seconds". */
const char *cli_duration(uint64_t seconds, char buf[static CLI_AGE_TEXT]);
/* "1.4 MiB" */
const char *cli_size(uint64_t bytes, char buf[static CLI_SIZE_TEXT]);
/* Items joined by `separator`, "-" when empty; malloced. */
char *cli_join(struct string_list list, const char *separator);

#endif
