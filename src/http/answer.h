/* SPDX-License-Identifier: Apache-2.0 */
/* Answers of HTTP/1.1 (RFC 9110, 9112), without I/O. The reader is for clients: bytes in, one
 * answer out. It is strict: an answer that no correct server or proxy sends is an error; the reader
 * never guesses. The writer is for servers. */
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
	bool connect;    /* this answers CONNECT: 2xx has no body */
	size_t body_max; /* the largest body that is accepted, in bytes */
	int status;
	unsigned retry_after_s; /* Retry-After; 0: absent, or a date */
	bool keep_alive;        /* the connection can carry another request */
	struct http_body body;  /* has the content */
	int code;               /* LS_ERROR_SYNTAX, LS_ERROR_LIMIT, LS_ERROR_UNREACHABLE, -ENOMEM */
	const char *problem;    /* static text */
	struct ls_buf line;
	size_t head_bytes;
	uint64_t length;
	bool chunked;
	bool has_length;
};

/* http_reader_init sets the whole struct. http_reader_done may be called on a zeroed one. */
void http_reader_init(struct http_reader *reader, size_t body_max, bool connect);
void http_reader_done(struct http_reader *reader);

/* Reads the next bytes of the connection. Returns how many it used: all of them, unless the state
 * is then HTTP_DONE or HTTP_FAILED. */
size_t http_reader_feed(struct http_reader *reader, const void *data, size_t len);
/* Tells the reader that the connection has ended. The state is then HTTP_DONE or HTTP_FAILED. */
void http_reader_end(struct http_reader *reader);
/* True when no byte of an answer has been read. */
bool http_reader_is_empty(const struct http_reader *reader);

/* The head of an answer. The caller owns the texts, which must not contain control characters. */
struct http_answer {
	unsigned minor; /* minor version of the request: HTTP/1.0 or HTTP/1.1 */
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
