/* SPDX-License-Identifier: Apache-2.0 */
#include "http/query.h"

#include <stdbool.h>
#include <string.h>

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

int http_unescape(const char digits[static 2])
{
	int high = hex_digit(digits[0]), low = high < 0 ? -1 : hex_digit(digits[1]);

	return low < 0 ? -1 : high * 16 + low;
}

/* Decodes in place; false when an escape is bad. */
static bool decode(char *text)
{
	char *out = text;

	for (const char *in = text; *in != '\0'; in++) {
		int c = (unsigned char)*in;

		if (c == '+') {
			c = ' ';
		} else if (c == '%') {
			c = http_unescape(in + 1);
			if (c <= 0)
				return false;
			in += 2;
		}
		*out++ = (char)c;
	}
	*out = '\0';
	return true;
}

int http_query_parse(char *text, struct http_field *pairs, size_t max, size_t *ret_count)
{
	size_t count = 0;

	for (char *part; (part = strsep(&text, "&"));) {
		char *value = strchr(part, '=');

		if (!value || value == part)
			return LS_ERROR_SYNTAX;
		if (count == max)
			return LS_ERROR_LIMIT;
		*value++ = '\0';
		if (!decode(part) || !decode(value))
			return LS_ERROR_SYNTAX;
		pairs[count++] = (struct http_field){.name = part, .value = value};
	}
	*ret_count = count;
	return 0;
}
