/* SPDX-License-Identifier: Apache-2.0 */
/* HTTP/1.1 as a client speaks it (RFC 9110, 9112), without I/O: bytes in, one answer out. Strict:
 * what a control server or a proxy does not send ends in a failure, never in a guess. */
#ifndef LS_HTTP_HTTP_H
#define LS_HTTP_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/str.h"

enum {
	HTTP_HEAD_MAX = 16 << 10, /* status line, headers and trailers together */
	HTTP_STATUS_NO_CONTENT = 204,
	HTTP_STATUS_NOT_MODIFIED = 304,
	HTTP_STATUS_PROXY_AUTH = 407,
};

enum http_state {
	HTTP_STATUS_LINE,
	HTTP_HEADERS,
	HTTP_BODY,        /* `left` bytes to come */
	HTTP_BODY_TO_END, /* until the connection ends */
	HTTP_CHUNK_SIZE,
	HTTP_CHUNK,     /* `left` bytes to come */
	HTTP_CHUNK_END, /* the line end after them */
	HTTP_TRAILERS,
	HTTP_DONE,
	HTTP_FAILED, /* `code` and `problem` say why */
};

/* Read its results when the state is HTTP_DONE or HTTP_FAILED. */
struct http_reader {
	enum http_state state;
	bool connect;    /* the answer to CONNECT: 2xx has no body */
	size_t body_max; /* bytes of a body that are accepted */
	int status;
	unsigned retry_after_s; /* Retry-After; 0: not said, or said as a date */
	bool keep_alive;        /* the connection can carry another request */
	struct ls_buf body;
	int code;            /* LS_ERROR_SYNTAX, LS_ERROR_LIMIT, LS_ERROR_UNREACHABLE, -ENOMEM */
	const char *problem; /* static text */
	struct ls_buf line;
	size_t head_bytes;
	uint64_t left;
	bool chunked;
	bool has_length;
};

/* `reader` is zeroed first; done is fine on a zeroed one. */
void http_reader_init(struct http_reader *reader, size_t body_max, bool connect);
void http_reader_done(struct http_reader *reader);

/* Takes the next bytes of the connection; returns how many were used, all of them unless the state
 * is HTTP_DONE or HTTP_FAILED now. */
size_t http_reader_feed(struct http_reader *reader, const void *data, size_t len);
/* The connection has ended: the state is HTTP_DONE or HTTP_FAILED after it. */
void http_reader_end(struct http_reader *reader);
/* True when nothing of an answer has come yet. */
bool http_reader_is_empty(const struct http_reader *reader);

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
