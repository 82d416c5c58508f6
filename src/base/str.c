/* SPDX-License-Identifier: Apache-2.0 */
#include "base/str.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

static bool reserve(struct ls_buf *buf, size_t more)
{
	void *data = buf->data;

	if (buf->failed || more >= SIZE_MAX - buf->len ||
	    ls_try_grow(&data, &buf->cap, buf->len + more + 1, 1) < 0) {
		buf->failed = true;
		return false;
	}
	buf->data = data;
	return true;
}

void ls_buf_add(struct ls_buf *buf, const void *data, size_t len)
{
	if (!reserve(buf, len))
		return;
	if (len > 0)
		memcpy(buf->data + buf->len, data, len);
	buf->len += len;
	buf->data[buf->len] = '\0';
}

void ls_buf_puts(struct ls_buf *buf, const char *s)
{
	ls_buf_add(buf, s, strlen(s));
}

void ls_buf_printf(struct ls_buf *buf, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n < 0) {
		buf->failed = true;
		return;
	}
	if (!reserve(buf, (size_t)n))
		return;
	va_start(ap, fmt);
	(void)vsnprintf(buf->data + buf->len, (size_t)n + 1, fmt, ap);
	va_end(ap);
	buf->len += (size_t)n;
}

void ls_buf_reset(struct ls_buf *buf)
{
	buf->len = 0;
	buf->failed = false;
	if (buf->data)
		buf->data[0] = '\0';
}

void ls_buf_done(struct ls_buf *buf)
{
	free(buf->data);
	*buf = (struct ls_buf){0};
}

const char *ls_buf_text(const struct ls_buf *buf)
{
	if (buf->failed)
		return NULL;
	return buf->data ? buf->data : "";
}

int ls_parse_u64(const char *s, uint64_t min, uint64_t max, uint64_t *ret)
{
	uint64_t value = 0;

	if (*s == '\0')
		return LS_ERROR_SYNTAX;
	for (; *s; s++) {
		if (*s < '0' || *s > '9')
			return LS_ERROR_SYNTAX;
		if (__builtin_mul_overflow(value, (uint64_t)10, &value) ||
		    __builtin_add_overflow(value, (uint64_t)(*s - '0'), &value))
			return -ERANGE;
	}
	if (value < min || value > max)
		return -ERANGE;
	*ret = value;
	return 0;
}

bool ls_streq(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

bool ls_str_starts(const char *s, const char *prefix)
{
	return strncmp(s, prefix, strlen(prefix)) == 0;
}
