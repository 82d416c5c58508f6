/* SPDX-License-Identifier: Apache-2.0 */
/* The body of a message (RFC 9112, 6 and 7): framed bytes in, the content out, within a limit. */
#ifndef LS_HTTP_BODY_H
#define LS_HTTP_BODY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

enum http_body_state {
	HTTP_BODY_SIZED,  /* `left` bytes to come */
	HTTP_BODY_TO_END, /* until the connection ends */
	HTTP_BODY_CHUNK_SIZE,
	HTTP_BODY_CHUNK,     /* `left` bytes to come */
	HTTP_BODY_CHUNK_END, /* the line end behind them */
	HTTP_BODY_TRAILERS,
	HTTP_BODY_DONE,
	HTTP_BODY_FAILED, /* `fault` says why */
};

enum http_body_fault {
	HTTP_BODY_SOUND,
	HTTP_BODY_BAD_CHUNK, /* the chunks do not parse */
	HTTP_BODY_BAD_LINE,  /* NUL or another control character in a line between them */
	HTTP_BODY_TOO_LARGE,
	HTTP_BODY_LONG_LINE, /* a chunk's line, or the trailers, larger than HTTP_HEAD_MAX */
	HTTP_BODY_NO_MEMORY,
};

struct http_body {
	enum http_body_state state;
	enum http_body_fault fault;
	bool strict;
	uint64_t left;
	size_t max; /* bytes of content that are accepted */
	size_t trailers;
	struct ls_buf content; /* as it was sent, chunks put together */
	struct ls_buf line;
};

/* Each zeroes `body` first. A length above `max` fails at once. */
void http_body_init_sized(struct http_body *body, size_t max, uint64_t length);
/* `strict`: as requests have to be, where a guess may smuggle one request into another: every line
 * ends with CRLF, nothing but ";extension" stands behind a size, no control characters. */
void http_body_init_chunked(struct http_body *body, size_t max, bool strict);
void http_body_init_to_end(struct http_body *body, size_t max);
/* Frees the content, too. Fine on a zeroed one. */
void http_body_done(struct http_body *body);

/* Takes the next bytes; returns how many were used, all of them unless the state is HTTP_BODY_DONE
 * or HTTP_BODY_FAILED now. */
size_t http_body_feed(struct http_body *body, const char *data, size_t len);

#endif
