/* SPDX-License-Identifier: Apache-2.0 */
/* Reads the body of a message (RFC 9112, 6 and 7): framed bytes in, the content out, up to a
 * limit. */
#ifndef LS_HTTP_BODY_H
#define LS_HTTP_BODY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

enum http_body_state {
	HTTP_BODY_SIZED,  /* `left` bytes to come */
	HTTP_BODY_TO_END, /* the body ends with the connection */
	HTTP_BODY_CHUNK_SIZE,
	HTTP_BODY_CHUNK,     /* `left` bytes to come */
	HTTP_BODY_CHUNK_END, /* the line end after them */
	HTTP_BODY_TRAILERS,
	HTTP_BODY_DONE,
	HTTP_BODY_FAILED, /* `fault` says why */
};

enum http_body_fault {
	HTTP_BODY_SOUND,
	HTTP_BODY_BAD_CHUNK, /* the chunks do not parse */
	HTTP_BODY_BAD_LINE, /* a chunk's line or a trailer contains NUL or another control character
	                     */
	HTTP_BODY_TOO_LARGE,
	HTTP_BODY_LONG_LINE, /* a chunk's line, or the trailers, exceed HTTP_HEAD_MAX */
	HTTP_BODY_NO_MEMORY,
};

struct http_body {
	enum http_body_state state;
	enum http_body_fault fault;
	bool strict;
	uint64_t left;
	size_t max; /* the largest content that is accepted, in bytes */
	size_t trailers;
	struct ls_buf content; /* as it was sent; the chunks joined */
	struct ls_buf line;
};

/* Each of these sets the whole struct. A length above `max` fails at once. */
void http_body_init_sized(struct http_body *body, size_t max, uint64_t length);
/* `strict` is for requests, where a lenient reader could take part of one request for another
 * (request smuggling): every line ends with CRLF, only ";extension" may follow a size, and control
 * characters are refused. */
void http_body_init_chunked(struct http_body *body, size_t max, bool strict);
void http_body_init_to_end(struct http_body *body, size_t max);
/* Frees the content too. May be called on a zeroed body. */
void http_body_done(struct http_body *body);

/* Reads the next bytes. Returns how many it used: all of them, unless the state is then
 * HTTP_BODY_DONE or HTTP_BODY_FAILED. */
size_t http_body_feed(struct http_body *body, const char *data, size_t len);

#endif
