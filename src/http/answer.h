/* SPDX-License-Identifier: Apache-2.0 */
/* Answers of HTTP/1.1 (RFC 9110, 9112), without I/O. The reader is a client's: bytes in, one answer
 * out. It is strict: what a control server or a proxy does not send ends in a failure, never in a
 * guess. The writer is a server's. */
#ifndef LS_HTTP_ANSWER_H
#define LS_HTTP_ANSWER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/str.h"
#include "http/body.h"
#include "http/field.h"
#include "http/status.h"

enum http_state {
	HTTP_STATUS_LINE,
	HTTP_HEADERS,
	HTTP_BODY,
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
	struct http_body body;  /* its content */
	int code;               /* LS_ERROR_SYNTAX, LS_ERROR_LIMIT, LS_ERROR_UNREACHABLE, -ENOMEM */
	const char *problem;    /* static text */
	struct ls_buf line;
	size_t head_bytes;
	uint64_t length;
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

/* What a server says before the content. The texts are the caller's own: they hold no control
 * characters. */
struct http_answer {
	unsigned minor; /* of the request's version: HTTP/1.0 or HTTP/1.1 */
	enum http_status status;
	int64_t now_s;    /* for Date */
	const char *type; /* Content-Type; NULL: none */
	uint64_t length;  /* Content-Length; not sent with a status that has no content */
	bool keep_alive;  /* the connection can carry another request */
	const struct http_field *fields;
	size_t field_count;
};

/* Appends the head of an answer. */
void http_write_answer(struct ls_buf *buf, const struct http_answer *answer);

#endif
