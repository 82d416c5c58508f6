/* SPDX-License-Identifier: Apache-2.0 */
/* Errors. Functions return 0 or a negative code: -errno or a code of enum ls_error. A struct
 * ls_fail has the text for people; the function that knows most about the failure fills it. */
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
	LS_ERROR_UNREACHABLE = -10007, /* no answer */
	LS_ERROR_USAGE = -10008,       /* command line is wrong: exit 2 */
	LS_ERROR_REMOTE = -10009,      /* the other side answered with an error */
	LS_ERROR_UNTRUSTED = -10010,   /* the other side did not prove who it is */
	LS_ERROR_TOO_MANY = -10011,    /* too often; works again later (retry_s) */
};

/* What would help the user. Only the command line turns a hint into a sentence, because only it
 * knows the commands. */
enum ls_hint {
	LS_HINT_NONE,
	LS_HINT_PIN_SELF_SIGNED,    /* pin the server's self-signed certificate */
	LS_HINT_PIN_UNKNOWN_ISSUER, /* pin this certificate, whoever issued it */
	LS_HINT_REPIN,              /* the certificate is not the pinned one, but valid */
	LS_HINT_REPIN_SELF_SIGNED,  /* the same; the pin is the only reason to trust it */
	LS_HINT_PROXY,              /* the proxy from the environment may be wrong */
	LS_HINT_SCHEME,             /* http:// to a TLS port, or https:// to a port without TLS */
};

enum {
	LS_FAIL_TEXT = 512 /* with NUL */
};

/* One failure. The text says in one line what failed, on what, and why. The other fields are for
 * code, which never reads the text. Never contains a secret. */
struct ls_fail {
	int code;
	enum ls_hint hint;
	int http_status;  /* status of the HTTP answer that reported it; 0: none */
	unsigned retry_s; /* with LS_ERROR_TOO_MANY: try again after this many seconds */
	char text[LS_FAIL_TEXT];
};

/* Fills `fail` (which may be NULL) and returns `code`, so that callers can write `return
 * ls_fail_set(fail, -EINVAL, "...")`. Resets hint and status; set them afterwards. Control
 * characters in the text become '?'. The arguments may point at fail->text itself. */
int ls_fail_set(struct ls_fail *fail, int code, const char *fmt, ...) LS_PRINTF(3, 4);
#ifdef __clang_analyzer__
/* The analyzer does not read other files; tell it that the code of a failure is always negative. */
static inline int ls_fail_is_negative(int code)
{
	return code < 0 ? code : -1;
}
#define ls_fail_set(...) ls_fail_is_negative((ls_fail_set)(__VA_ARGS__))
#endif

/* Puts "prefix: " before the text that a callee filled in, and changes nothing else. Returns
 * fail->code. */
int ls_fail_prefix(struct ls_fail *fail, const char *fmt, ...) LS_PRINTF(2, 3);
/* Appends to the text, which is shortened first if it is too long. Returns fail->code. */
int ls_fail_append(struct ls_fail *fail, const char *fmt, ...) LS_PRINTF(2, 3);
/* Sets the hint. Returns fail->code. */
int ls_fail_hint(struct ls_fail *fail, enum ls_hint hint);

/* A short description of -errno or a code of enum ls_error; a static text. */
const char *ls_strerror(int code);

#endif
