/* SPDX-License-Identifier: Apache-2.0 */
/* Text that others wrote: whether it is UTF-8, and what in it would steer a terminal. */
#ifndef LS_BASE_UTF8_H
#define LS_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>

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
