/* SPDX-License-Identifier: Apache-2.0 */
#include "http/accept.h"

#include <stddef.h>
#include <string.h>
#include <strings.h>

enum {
	QUALITY_ONE = 1000,
};

static const char *skip_blanks(const char *s, const char *end)
{
	while (s < end && (*s == ' ' || *s == '\t'))
		s++;
	return s;
}

/* The weight in "q=0.8" (RFC 9110, 12.4.2). What is no number counts as 0. */
static unsigned read_weight(const char *s, const char *end)
{
	unsigned weight = 0, place = QUALITY_ONE;

	for (; s < end && place > 0; s++) {
		if (*s == '.')
			continue;
		if (*s < '0' || *s > '9')
			break;
		weight += (unsigned)(*s - '0') * place;
		place /= 10;
	}
	return weight < QUALITY_ONE ? weight : QUALITY_ONE;
}

/* The weight of one element, "text/html;level=1;q=0.8", from its first ';' on. */
static unsigned element_weight(const char *s, const char *end)
{
	while (s < end) {
		const char *next;

		s = skip_blanks(s + 1, end);
		if (end - s >= 2 && (*s == 'q' || *s == 'Q') && s[1] == '=')
			return read_weight(s + 2, end);
		next = memchr(s, ';', (size_t)(end - s));
		s = next ? next : end;
	}
	return QUALITY_ONE;
}

unsigned http_accept_quality(const char *value, const char *type)
{
	size_t len = strlen(type);
	unsigned best = 0;

	while (*value != '\0') {
		const char *end = value + strcspn(value, ",");
		const char *start = skip_blanks(value, end);
		const char *rest = (size_t)(end - start) >= len ? start + len : end;

		if (rest - start == (ptrdiff_t)len && strncasecmp(start, type, len) == 0) {
			rest = skip_blanks(rest, end);
			if (rest == end || *rest == ';') {
				unsigned weight = element_weight(rest, end);

				best = weight > best ? weight : best;
			}
		}
		value = *end == ',' ? end + 1 : end;
	}
	return best;
}
