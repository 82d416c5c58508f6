/* SPDX-License-Identifier: Apache-2.0 */
/* Requests of HTTP/1.1 (RFC 9110, 9112), without I/O. The reader is for servers, and strict: it
 * refuses a request when two readers could disagree about where it ends or which host it is for.
 * The writer is for clients. */
#ifndef LS_HTTP_REQUEST_H
#define LS_HTTP_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/str.h"
#include "http/field.h"
#include "http/status.h"

enum {
	HTTP_FIELDS_MAX = 100, /* header lines of one request */
};

/* The head of a request: its first line and its header. All texts point into the bytes that were
 * parsed. */
struct http_head {
	const char *method;
	const char *path;    /* as it was sent, not decoded; begins with exactly one '/', except for
	                        OPTIONS * and CONNECT */
	const char *query;   /* after the '?'; NULL: none */
	unsigned minor;      /* minor version: HTTP/1.0 or HTTP/1.1 */
	bool keep_alive;     /* the client may send another request */
	bool wants_continue; /* the client waits for "100 Continue" before it sends the body (RFC
	                        9110, 10.1.1) */
	bool chunked;
	uint64_t length; /* of the body, unless it is chunked; 0: no body */
	struct http_field fields[HTTP_FIELDS_MAX];
	size_t field_count;
};

/* The number of bytes of empty lines before a request, which a server should skip (RFC 9112,
 * 2.2). */
size_t http_blank_lines(const char *data, size_t len);
/* The length of the head at the start of `data`, with its empty line; 0 when it is not complete.
 * The caller has passed the first `seen` bytes before. */
size_t http_head_length(const char *data, size_t len, size_t seen);
/* False when no request can begin like this. This recognises other protocols early, whose bytes may
 * never contain an empty line. */
bool http_head_may_begin(const char *data, size_t len);

/* Parses a head of `len` bytes, the length that http_head_length() returned; changes it in place.
 * Returns 0, or the HTTP status of the refusal with *ret_problem, a static text; do not use *ret
 * then. */
int http_head_parse(char *data, size_t len, struct http_head *ret,
                    const char **ret_problem) LS_MUST_CHECK;

static inline bool http_head_has_body(const struct http_head *head)
{
	return head->chunked || head->length > 0;
}

/* The value of the first field with that name, ignoring case; NULL when there is none. */
const char *http_head_field(const struct http_head *head, const char *name);

/* A request to send. All pointers are borrowed; no text may contain control characters. */
struct http_request {
	const char *method;
	const char *target;              /* "/path?query", "http://host/path" or "host:port" */
	const char *host;                /* "host:port" */
	const char *authorization;       /* NULL for none */
	const char *proxy_authorization; /* NULL for none */
	const char *body;                /* JSON; NULL for none */
};

/* Appends head and body. LS_ERROR_BAD_VALUE when a field contains control characters; -ENOMEM. */
int http_write_request(struct ls_buf *buf, const struct http_request *request,
                       struct ls_fail *fail) LS_MUST_CHECK;

#endif
