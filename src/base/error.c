/* SPDX-License-Identifier: Apache-2.0 */
#include "base/error.h"

#include <stdio.h>
#include <string.h>

#include "base/utf8.h"

int(ls_fail_set)(struct ls_fail *fail, int code, const char *fmt, ...)
{
	char text[LS_FAIL_TEXT];
	va_list ap;

	if (!fail)
		return code;
	/* The arguments may point at the old text. */
	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	ls_str_mask_control(text);
	fail->code = code;
	fail->hint = LS_HINT_NONE;
	fail->retry_s = 0;
	fail->http_status = 0;
	memcpy(fail->text, text, sizeof(text));
	return code;
}

int ls_fail_prefix(struct ls_fail *fail, const char *fmt, ...)
{
	char old[LS_FAIL_TEXT];
	char prefix[LS_FAIL_TEXT];
	va_list ap;

	if (!fail)
		return LS_ERROR_REMOTE;
	memcpy(old, fail->text, sizeof(old));
	va_start(ap, fmt);
	(void)vsnprintf(prefix, sizeof(prefix), fmt, ap);
	va_end(ap);
	ls_str_mask_control(prefix);
	if (snprintf(fail->text, LS_FAIL_TEXT, "%s: %s", prefix, old) < 0)
		fail->text[0] = '\0';
	return fail->code;
}

int ls_fail_append(struct ls_fail *fail, const char *fmt, ...)
{
	char more[LS_FAIL_TEXT];
	size_t room, len;
	va_list ap;

	if (!fail)
		return LS_ERROR_REMOTE;
	va_start(ap, fmt);
	(void)vsnprintf(more, sizeof(more), fmt, ap);
	va_end(ap);
	room = LS_FAIL_TEXT - 1 - strlen(more);
	len = strlen(fail->text);
	if (len > room)
		len = room;
	memcpy(fail->text + len, more, strlen(more) + 1);
	ls_str_mask_control(fail->text); /* the text may have been cut within a character */
	return fail->code;
}

int ls_fail_hint(struct ls_fail *fail, enum ls_hint hint)
{
	if (!fail)
		return LS_ERROR_REMOTE;
	fail->hint = hint;
	return fail->code;
}

const char *ls_strerror(int code)
{
	switch (code) {
	case 0:
		return "success";
	case LS_ERROR_SYNTAX:
		return "syntax error";
	case LS_ERROR_LIMIT:
		return "limit exceeded";
	case LS_ERROR_AUTH:
		return "not authorised";
	case LS_ERROR_CONFLICT:
		return "conflict";
	case LS_ERROR_NOT_FOUND:
		return "not found";
	case LS_ERROR_BAD_VALUE:
		return "value not allowed";
	case LS_ERROR_UNREACHABLE:
		return "unreachable";
	case LS_ERROR_USAGE:
		return "bad usage";
	case LS_ERROR_REMOTE:
		return "refused by the other side";
	case LS_ERROR_TOO_MANY:
		return "too many requests";
	case LS_ERROR_UNTRUSTED:
		return "not trusted";
	default:
		/* The C library's texts for errno are static. */
		return code < 0 ? strerror(-code) : "unknown error";
	}
}
