/* SPDX-License-Identifier: Apache-2.0 */
/* Requests of HTTP/1.1 (RFC 9110, 9112), without I/O. The reader is a server's, and strict: where
 * two readers could disagree on where a request ends or whom it is for, it is refused. The writer
 * is a client's. */
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
	HTTP_FIELDS_MAX = 100, /* lines of one header */
};

/* The head of a request: its first line and its header. All texts point into the bytes it was read
 * from. */
struct http_head {
	const char *method;
	const char *path; /* as it was sent, not decoded; begins with one '/', but for OPTIONS * and
	                   * CONNECT */
	const char *query;   /* behind the '?'; NULL: none */
	unsigned minor;      /* of the version: HTTP/1.0 or HTTP/1.1 */
	bool keep_alive;     /* the client may send another request */
	bool wants_continue; /* it sends the body when it was told to (RFC 9110, 10.1.1) */
	bool chunked;
	uint64_t length; /* of the body, unless that is chunked; 0: none */
	struct http_field fields[HTTP_FIELDS_MAX];
	size_t field_count;
};

/* How many bytes of line ends stand before a request, where a robust server skips them (RFC 9112,
 * 2.2). */
size_t http_blank_lines(const char *data, size_t len);
/* The length of a head that `data` begins with, its empty line included; 0: it is not all there.
 * `seen` bytes were looked at before. */
size_t http_head_length(const char *data, size_t len, size_t seen);
/* False when no request begins like this: what is no HTTP may never have an empty line. */
bool http_head_may_begin(const char *data, size_t len);

/* Reads a head of `len` bytes, as http_head_length() found it, and cuts it into texts. Returns 0,
 * or the status to refuse it with and *ret_problem, static text; *ret is not to be used then. */
int http_head_parse(char *data, size_t len, struct http_head *ret,
                    const char **ret_problem) LS_MUST_CHECK;

static inline bool http_head_has_body(const struct http_head *head)
{
	return head->chunked || head->length > 0;
}

/* The value of the first field of that name, in either case; NULL: there is none. */
const char *http_head_field(const struct http_head *head, const char *name);

/* What goes out. All pointers are borrowed; none may hold control characters. */
struct http_request {
	const char *method;
	const char *target;              /* "/path?query", "http://host/path" or "host:port" */
	const char *host;                /* "host:port" */
	const char *authorization;       /* NULL for none */
	const char *proxy_authorization; /* NULL for none */
	const char *body;                /* JSON; NULL for none */
};

/* Appends head and body. LS_ERROR_BAD_VALUE for control characters in a field, -ENOMEM. */
int http_write_request(struct ls_buf *buf, const struct http_request *request,
                       struct ls_fail *fail) LS_MUST_CHECK;

#endif
