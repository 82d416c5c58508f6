/* SPDX-License-Identifier: Apache-2.0 */
/* Errors: functions return 0 or a negative code, either -errno or one of enum ls_error. What a
 * person should read travels beside the code in a struct ls_fail, filled by the one who knows most.
 */
#ifndef LS_BASE_ERROR_H
#define LS_BASE_ERROR_H

#include <stdarg.h>

#define LS_MUST_CHECK   __attribute__((warn_unused_result))
#define LS_PRINTF(f, a) __attribute__((format(printf, f, a)))

/* Codes that errno has no name for; negative and outside errno's range. */
enum ls_error {
	LS_ERROR_SYNTAX = -10001,      /* text or bytes that do not parse */
	LS_ERROR_LIMIT = -10002,       /* larger than a limit we set */
	LS_ERROR_AUTH = -10003,        /* credential missing or wrong */
	LS_ERROR_CONFLICT = -10004,    /* clashes with what exists */
	LS_ERROR_NOT_FOUND = -10005,   /* no such object */
	LS_ERROR_BAD_VALUE = -10006,   /* parses, but is not allowed */
	LS_ERROR_UNREACHABLE = -10007, /* nobody answered */
	LS_ERROR_USAGE = -10008,       /* command line is wrong: exit 2 */
	LS_ERROR_REMOTE = -10009,      /* the other side answered with an error */
	LS_ERROR_UNTRUSTED = -10010,   /* the other side did not prove who it is */
};

/* What would help. Only the command line makes a sentence of it: nobody below knows how its
 * commands are typed. */
enum ls_hint {
	LS_HINT_NONE,
	LS_HINT_PIN_SELF_SIGNED,    /* pin the server's self-signed certificate */
	LS_HINT_PIN_UNKNOWN_ISSUER, /* pin this one, whoever issued it */
	LS_HINT_REPIN,              /* the certificate is not the pinned one, but valid */
	LS_HINT_REPIN_SELF_SIGNED,  /* the same with a pin that is trusted alone */
	LS_HINT_PROXY,              /* the environment's proxy may be the wrong one */
	LS_HINT_SCHEME, /* http:// where TLS is spoken, or the other way round: the text asks */
};

enum {
	LS_FAIL_TEXT = 512 /* with NUL */
};

/* One failure: what failed, on what and why as one line, and what code wants to know of it; code
 * never looks into the text. Never holds a secret. */
struct ls_fail {
	int code;
	enum ls_hint hint;
	int http_status; /* of the answer that said so; 0: there was none */
	char text[LS_FAIL_TEXT];
};

/* Fills `fail` (which may be NULL) and returns `code`, so that callers can write
 * `return ls_fail_set(fail, -EINVAL, "...")`. Without hint and status: they are added afterwards.
 * Control characters in the text become '?'. The arguments may point at fail->text itself. */
int ls_fail_set(struct ls_fail *fail, int code, const char *fmt, ...) LS_PRINTF(3, 4);
#ifdef __clang_analyzer__
/* The analyzer does not see into other files: a failure is never 0 or more. */
static inline int ls_fail_is_negative(int code)
{
	return code < 0 ? code : -1;
}
#define ls_fail_set(...) ls_fail_is_negative((ls_fail_set)(__VA_ARGS__))
#endif

/* Puts "prefix: " before a text that a callee filled; the rest stays. Returns fail->code. */
int ls_fail_prefix(struct ls_fail *fail, const char *fmt, ...) LS_PRINTF(2, 3);
/* Puts more behind it, before which a text that is too long is cut. Returns fail->code. */
int ls_fail_append(struct ls_fail *fail, const char *fmt, ...) LS_PRINTF(2, 3);
/* Returns fail->code. */
int ls_fail_hint(struct ls_fail *fail, enum ls_hint hint);

/* A short description of -errno and enum ls_error alike; static storage. */
const char *ls_strerror(int code);

#endif
