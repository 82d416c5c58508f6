/* SPDX-License-Identifier: Apache-2.0 */
/* The query of a target as forms write it: name=value, joined by '&'. */
#ifndef LS_HTTP_QUERY_H
#define LS_HTTP_QUERY_H

#include <stddef.h>

#include "base/error.h"
#include "http/field.h"

/* Cuts and decodes `text` in place into at most `max` pairs, in their order. LS_ERROR_SYNTAX: a
 * part without '=', an escape that is none, or an escaped NUL; LS_ERROR_LIMIT: more pairs than
 * that. */
int http_query_parse(char *text, struct http_field *pairs, size_t max,
                     size_t *ret_count) LS_MUST_CHECK;

/* The value of a hexadecimal escape's two digits; -1: they are none. */
int http_unescape(const char digits[static 2]);

#endif
