/* SPDX-License-Identifier: Apache-2.0 */
/* Log lines on stderr, one a line: `time level=info event=peer.up key=value ...`. A state change
 * emits exactly one; its event name and keys are stable. Nothing secret is ever a value.
 * Thread-safe. */
#ifndef LS_BASE_LOG_H
#define LS_BASE_LOG_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

enum ls_log_level {
	LS_LOG_ERROR,
	LS_LOG_WARN,
	LS_LOG_INFO,
	LS_LOG_DEBUG,
};

/* Messages above `level` are dropped; LS_LOG_INFO until set. */
void ls_log_set_level(enum ls_log_level level);
bool ls_log_enabled(enum ls_log_level level);

/* `event` is a dotted noun.verb; `fmt` gives the key=value pairs ("" for none). Values with blanks
 * must be written as key="...": control characters and newlines are masked. */
void ls_log(enum ls_log_level level, const char *event, const char *fmt, ...) LS_PRINTF(3, 4);

#define ls_error(event, ...) ls_log(LS_LOG_ERROR, event, __VA_ARGS__)
#define ls_warn(event, ...)  ls_log(LS_LOG_WARN, event, __VA_ARGS__)
#define ls_info(event, ...)  ls_log(LS_LOG_INFO, event, __VA_ARGS__)
#define ls_debug(event, ...)                                                                       \
	do {                                                                                       \
		if (ls_log_enabled(LS_LOG_DEBUG))                                                  \
			ls_log(LS_LOG_DEBUG, event, __VA_ARGS__);                                  \
	} while (0)

/* Token bucket for lines a remote can trigger: `burst` at once, then one every `interval_ns`. */
struct ls_ratelimit {
	uint64_t interval_ns;
	uint32_t burst;
	uint32_t tokens;
	uint64_t last_ns;
	uint64_t suppressed; /* since the last line that passed; the caller may print it */
};

#define LS_RATELIMIT_INIT(burst_, interval_ns_)                                                    \
	{                                                                                          \
		.interval_ns = (interval_ns_), .burst = (burst_), .tokens = (burst_)               \
	}

bool ls_ratelimit_pass(struct ls_ratelimit *limit, uint64_t now_ns);

#endif
