/* SPDX-License-Identifier: Apache-2.0 */
/* Lines of a header (RFC 9110, 5; RFC 9112, 5) and what stands in their values. */
#ifndef LS_HTTP_FIELD_H
#define LS_HTTP_FIELD_H

#include <stdbool.h>
#include <stdint.h>

struct http_field {
	const char *name;
	const char *value; /* without blanks around it */
};

enum http_field_fault {
	HTTP_FIELD_OK,
	HTTP_FIELD_NO_COLON, /* or nothing before it */
	HTTP_FIELD_BLANK,    /* a blank before the colon */
	HTTP_FIELD_FOLDED,   /* the line begins with a blank: it belongs to the one before */
};

/* "name: value" in a line of the caller's, which is cut into *ret. */
enum http_field_fault http_field_split(char *line, struct http_field *ret);

/* True when the text is a token (RFC 9110, 5.6.2), as methods and names of fields are. */
bool http_is_token(const char *text);

/* True when the comma-separated list has the word, in either case. */
bool http_list_has(const char *list, const char *word);

#endif
