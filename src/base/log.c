/* SPDX-License-Identifier: Apache-2.0 */
#include "base/log.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/utf8.h"

enum {
	LOG_LINE_MAX = 1024
};

static const char *const level_names[] = {
        [LS_LOG_ERROR] = "error",
        [LS_LOG_WARN] = "warn",
        [LS_LOG_INFO] = "info",
        [LS_LOG_DEBUG] = "debug",
};
_Static_assert(sizeof(level_names) / sizeof(level_names[0]) == LS_LOG_DEBUG + 1, "level names");

static atomic_int current_level = LS_LOG_INFO;

void ls_log_set_level(enum ls_log_level level)
{
	atomic_store_explicit(&current_level, (int)level, memory_order_relaxed);
}

bool ls_log_enabled(enum ls_log_level level)
{
	return (int)level <= atomic_load_explicit(&current_level, memory_order_relaxed);
}

static size_t put_head(char *line, size_t size, enum ls_log_level level, const char *event)
{
	struct timespec ts;
	struct tm tm;
	char stamp[32];
	int n;

	(void)clock_gettime(CLOCK_REALTIME, &ts);
	(void)gmtime_r(&ts.tv_sec, &tm);
	(void)strftime(stamp, sizeof(stamp), "%Y-%m-%dT%H:%M:%S", &tm);
	n = snprintf(line, size, "%s.%03dZ level=%s event=%s", stamp, (int)(ts.tv_nsec / 1000000),
	             level_names[level], event);
	return n < 0 ? 0 : (size_t)n >= size ? size - 1 : (size_t)n;
}

void ls_log(enum ls_log_level level, const char *event, const char *fmt, ...)
{
	char line[LOG_LINE_MAX];
	size_t len;
	va_list ap;
	int n;

	if (!ls_log_enabled(level))
		return;
	len = put_head(line, sizeof(line) - 2, level, event);
	if (fmt[0] != '\0') {
		line[len++] = ' ';
		va_start(ap, fmt);
		n = vsnprintf(line + len, sizeof(line) - 1 - len, fmt, ap);
		va_end(ap);
		if (n > 0)
			len += (size_t)n > sizeof(line) - 2 - len ? sizeof(line) - 2 - len
			                                          : (size_t)n;
	}
	line[len] = '\0';
	ls_str_mask_control(line);
	line[len++] = '\n';
	/* A single write, so that lines of several threads and processes do not mix. */
	if (write(STDERR_FILENO, line, len) < 0)
		return;
}

bool ls_ratelimit_pass(struct ls_ratelimit *limit, uint64_t now_ns)
{
	uint64_t earned;

	if (limit->last_ns == 0 || now_ns < limit->last_ns)
		limit->last_ns = now_ns;
	earned = limit->interval_ns ? (now_ns - limit->last_ns) / limit->interval_ns : limit->burst;
	if (earned > 0) {
		limit->tokens = earned >= limit->burst - limit->tokens
		                        ? limit->burst
		                        : limit->tokens + (uint32_t)earned;
		limit->last_ns += earned * limit->interval_ns;
	}
	if (limit->tokens == 0) {
		limit->suppressed++;
		return false;
	}
	limit->tokens--;
	return true;
}
