/* SPDX-License-Identifier: Apache-2.0 */
#include "base/utf8.h"

#include <string.h>

/* The length of the control character at `s`; 0 when there is none. */
static size_t control_len(const char *s)
{
	unsigned char first = (unsigned char)s[0];

	if ((first < 0x20 && first != '\0') || first == 0x7f)
		return 1;
	return first == 0xc2 && (unsigned char)s[1] >= 0x80 && (unsigned char)s[1] <= 0x9f ? 2 : 0;
}

bool ls_str_has_control(const char *s)
{
	for (; *s; s++) {
		if (control_len(s) > 0)
			return true;
	}
	return false;
}

/* The length of the well-formed sequence at `p` (RFC 3629 section 4); 0 when it is ill-formed or
 * NUL. */
static size_t utf8_sequence(const unsigned char *p, size_t left)
{
	unsigned char lo = 0x80, hi = 0xbf;
	size_t need;

	if (p[0] < 0x80)
		return p[0] != 0;
	if (p[0] >= 0xc2 && p[0] <= 0xdf)
		need = 2;
	else if (p[0] >= 0xe0 && p[0] <= 0xef)
		need = 3;
	else if (p[0] >= 0xf0 && p[0] <= 0xf4)
		need = 4;
	else
		return 0;
	if (p[0] == 0xe0)
		lo = 0xa0;
	else if (p[0] == 0xed)
		hi = 0x9f;
	else if (p[0] == 0xf0)
		lo = 0x90;
	else if (p[0] == 0xf4)
		hi = 0x8f;
	if (left < need || p[1] < lo || p[1] > hi)
		return 0;
	for (size_t i = 2; i < need; i++) {
		if (p[i] < 0x80 || p[i] > 0xbf)
			return 0;
	}
	return need;
}

/* The length of the invisible character at `s` that can make other text look different: marks of
 * writing direction, line separators and blanks without width; 0 when there is none. U+200C and
 * U+200D are allowed: some scripts need them to join or separate letters. */
static size_t deceiver_len(const char *s)
{
	static const char *const deceivers[] = {
	        "\xd8\x9c",                                     /* U+061C */
	        "\xe2\x80\x8b",                                 /* U+200B */
	        "\xe2\x80\x8e", "\xe2\x80\x8f", "\xef\xbb\xbf", /* U+FEFF */
	};
	const unsigned char *p = (const unsigned char *)s;

	for (size_t i = 0; i < sizeof(deceivers) / sizeof(deceivers[0]); i++) {
		size_t len = strlen(deceivers[i]);

		if (strncmp(s, deceivers[i], len) == 0)
			return len;
	}
	/* U+2028..202E and U+2060..206F */
	if (p[0] != 0xe2 || p[1] == '\0')
		return 0;
	return (p[1] == 0x80 && p[2] >= 0xa8 && p[2] <= 0xae) ||
	                       (p[1] == 0x81 && p[2] >= 0xa0 && p[2] <= 0xaf)
	               ? 3
	               : 0;
}

void ls_str_mask_control(char *s)
{
	size_t left = strlen(s);

	while (left > 0) {
		size_t sound = utf8_sequence((const unsigned char *)s, left);
		size_t bad = sound == 0 ? 1 : control_len(s);

		if (bad == 0)
			bad = deceiver_len(s);
		memset(s, '?', bad);
		s += bad > 0 ? bad : sound;
		left -= bad > 0 ? bad : sound;
	}
}

bool ls_utf8_valid(const void *data, size_t len)
{
	const unsigned char *p = data;

	while (len > 0) {
		size_t n = utf8_sequence(p, len);

		if (n == 0)
			return false;
		p += n;
		len -= n;
	}
	return true;
}
