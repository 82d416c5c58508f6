/* SPDX-License-Identifier: Apache-2.0 */
/* The query of a target, in the form name=value&name=value. */
#ifndef LS_HTTP_QUERY_H
#define LS_HTTP_QUERY_H

#include <stddef.h>

#include "base/error.h"
#include "http/field.h"

/* Splits and decodes `text` in place into at most `max` pairs, in their order. LS_ERROR_SYNTAX: a
 * part without '=' or without a name, a bad escape, or an escaped NUL. LS_ERROR_LIMIT: more than
 * `max` pairs. */
int http_query_parse(char *text, struct http_field *pairs, size_t max,
                     size_t *ret_count) LS_MUST_CHECK;

/* The value of the two hexadecimal digits of an escape; -1 when they are none. */
int http_unescape(const char digits[static 2]);

#endif
