/* SPDX-License-Identifier: Apache-2.0 */
/* Strings: a growing byte buffer and strict number parsing. */
#ifndef LS_BASE_STR_H
#define LS_BASE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* A growing, always NUL-terminated buffer with a sticky failure: appends after a failed one do
 * nothing, so that callers check `failed` once at the end. Zero-initialise it. */
struct ls_buf {
	char *data; /* NULL until the first append */
	size_t len;
	size_t cap;
	bool failed;
};

void ls_buf_add(struct ls_buf *buf, const void *data, size_t len);
void ls_buf_puts(struct ls_buf *buf, const char *s);
void ls_buf_printf(struct ls_buf *buf, const char *fmt, ...) LS_PRINTF(2, 3);
void ls_buf_reset(struct ls_buf *buf); /* keeps the memory */
void ls_buf_done(struct ls_buf *buf);
/* The text, "" when empty; NULL when an append failed. Owned by the buffer. */
const char *ls_buf_text(const struct ls_buf *buf);

/* Decimal digits only (no sign, blank or prefix) within [min, max]; else LS_ERROR_SYNTAX or
 * -ERANGE. */
int ls_parse_u64(const char *s, uint64_t min, uint64_t max, uint64_t *ret) LS_MUST_CHECK;

bool ls_streq(const char *a, const char *b); /* NULL equals only NULL */
bool ls_str_starts(const char *s, const char *prefix);
/* True when the text holds a control character: U+0000..1F, U+007F, or U+0080..9F in UTF-8 (which
 * terminals obey too). */
bool ls_str_has_control(const char *s);
/* Puts '?' in the place of each of their bytes, of those that are no UTF-8, and of characters that
 * are not seen but turn text around or break lines: what others wrote must not steer a terminal,
 * nor deceive who reads it. */
void ls_str_mask_control(char *s);
/* True for well-formed UTF-8 without NUL (RFC 3629). */
bool ls_utf8_valid(const void *data, size_t len);

#endif
