/* SPDX-License-Identifier: Apache-2.0 */
/* Checks of text from outside: is it UTF-8, and does it contain characters that control a
 * terminal? */
#ifndef LS_BASE_UTF8_H
#define LS_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>

/* True when the text contains a control character: U+0000..1F, U+007F, or U+0080..9F in UTF-8
 * (which terminals obey too). */
bool ls_str_has_control(const char *s);
/* Replaces each byte of these by '?': control characters, bytes that are no UTF-8, and invisible
 * characters that change the direction of text or break lines. Text from outside must neither
 * control a terminal nor deceive its reader. */
void ls_str_mask_control(char *s);
/* True for well-formed UTF-8 without NUL (RFC 3629). */
bool ls_utf8_valid(const void *data, size_t len);

#endif
