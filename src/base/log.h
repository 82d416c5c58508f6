/* SPDX-License-Identifier: Apache-2.0 */
/* Log lines on stderr, one per event: `time level=info event=peer.up key=value ...`. A state change
 * logs exactly one line; its event name and keys are stable. Values are never secret.
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

/* Drops less important messages than `level`; LS_LOG_INFO until this is called. */
void ls_log_set_level(enum ls_log_level level);
bool ls_log_enabled(enum ls_log_level level);

/* `event` has the form noun.verb; `fmt` gives the key=value pairs ("" for none). Write values that
 * may have blanks as key="...". Control characters and newlines are masked. */
void ls_log(enum ls_log_level level, const char *event, const char *fmt, ...) LS_PRINTF(3, 4);

#define ls_error(event, ...) ls_log(LS_LOG_ERROR, event, __VA_ARGS__)
#define ls_warn(event, ...)  ls_log(LS_LOG_WARN, event, __VA_ARGS__)
#define ls_info(event, ...)  ls_log(LS_LOG_INFO, event, __VA_ARGS__)
#define ls_debug(event, ...)                                                                       \
	do {                                                                                       \
		if (ls_log_enabled(LS_LOG_DEBUG))                                                  \
			ls_log(LS_LOG_DEBUG, event, __VA_ARGS__);                                  \
	} while (0)

/* A token bucket for lines that a remote can trigger: a burst of `burst`, then one per
 * `interval_ns`. */
struct ls_ratelimit {
	uint64_t interval_ns;
	uint32_t burst;
	uint32_t tokens;
	uint64_t last_ns;
	uint64_t suppressed; /* since the last line that passed; the caller may log it */
};

#define LS_RATELIMIT_INIT(burst_, interval_ns_)                                                    \
	{                                                                                          \
		.interval_ns = (interval_ns_), .burst = (burst_), .tokens = (burst_)               \
	}

bool ls_ratelimit_pass(struct ls_ratelimit *limit, uint64_t now_ns);

#endif
