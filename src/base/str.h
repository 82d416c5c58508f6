/* SPDX-License-Identifier: Apache-2.0 */
/* Strings: a growing byte buffer and strict number parsing. */
#ifndef LS_BASE_STR_H
#define LS_BASE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* A growing buffer, always NUL-terminated, with a sticky failure: after a failed append, further
 * appends do nothing, so callers check `failed` once, at the end. A zeroed struct is an empty
 * buffer. */
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
/* The text, "" when empty; NULL when an append failed. The buffer owns it. */
const char *ls_buf_text(const struct ls_buf *buf);

/* Parses decimal digits (no sign, blank or prefix); the number must be within [min, max].
 * LS_ERROR_SYNTAX or -ERANGE. */
int ls_parse_u64(const char *s, uint64_t min, uint64_t max, uint64_t *ret) LS_MUST_CHECK;

bool ls_streq(const char *a, const char *b); /* either may be NULL, which equals only NULL */
bool ls_str_starts(const char *s, const char *prefix);

#endif
