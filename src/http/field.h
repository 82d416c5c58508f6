/* SPDX-License-Identifier: Apache-2.0 */
/* Header lines (RFC 9110, 5; RFC 9112, 5) and the syntax of their values. */
#ifndef LS_HTTP_FIELD_H
#define LS_HTTP_FIELD_H

#include <stdbool.h>
#include <stdint.h>

struct http_field {
	const char *name;
	const char *value; /* without blanks before and after it */
};

enum http_field_fault {
	HTTP_FIELD_OK,
	HTTP_FIELD_NO_COLON, /* no colon, or no name before it */
	HTTP_FIELD_BLANK,    /* there is a blank before the colon */
	HTTP_FIELD_FOLDED,   /* the line begins with a blank: it continues the line before */
};

/* Splits the line "name: value" in place; *ret points into it. */
enum http_field_fault http_field_split(char *line, struct http_field *ret);

/* True when the text is a token (RFC 9110, 5.6.2). Methods and field names are tokens. */
bool http_is_token(const char *text);

/* True when the comma-separated list contains the word; ignores case. */
bool http_list_has(const char *list, const char *word);

#endif
