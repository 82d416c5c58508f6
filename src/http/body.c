/* SPDX-License-Identifier: Apache-2.0 */
#include "http/body.h"

#include <stdlib.h>
#include <string.h>

#include "http/status.h"

enum {
	CHUNK_SIZE_DIGITS = 8, /* hexadecimal; a size with more exceeds every limit */
};

static void set_failed(struct http_body *body, enum http_body_fault fault)
{
	body->state = HTTP_BODY_FAILED;
	body->fault = fault;
}

void http_body_init_sized(struct http_body *body, size_t max, uint64_t length)
{
	*body = (struct http_body){.state = HTTP_BODY_SIZED, .max = max, .left = length};
	if (length > max)
		set_failed(body, HTTP_BODY_TOO_LARGE);
	else if (length == 0)
		body->state = HTTP_BODY_DONE;
}

void http_body_init_chunked(struct http_body *body, size_t max, bool strict)
{
	*body = (struct http_body){.state = HTTP_BODY_CHUNK_SIZE, .max = max, .strict = strict};
}

void http_body_init_to_end(struct http_body *body, size_t max)
{
	*body = (struct http_body){.state = HTTP_BODY_TO_END, .max = max};
}

void http_body_done(struct http_body *body)
{
	ls_buf_done(&body->content);
	ls_buf_done(&body->line);
}

/* RFC 9112 7.1; extensions are ignored. */
static void read_chunk_size(struct http_body *body, const char *line)
{
	size_t digits = strspn(line, "0123456789abcdefABCDEF");
	const char *rest = line + digits;

	if (!body->strict)
		rest += strspn(rest, " \t");
	if (digits == 0 || digits > CHUNK_SIZE_DIGITS || (*rest != '\0' && *rest != ';')) {
		set_failed(body, HTTP_BODY_BAD_CHUNK);
		return;
	}
	body->left = strtoull(line, NULL, 16);
	body->state = body->left > 0 ? HTTP_BODY_CHUNK : HTTP_BODY_TRAILERS;
	if (body->left > body->max - body->content.len)
		set_failed(body, HTTP_BODY_TOO_LARGE);
}

static void read_line(struct http_body *body, const char *line)
{
	if (body->state == HTTP_BODY_CHUNK_SIZE) {
		read_chunk_size(body, line);
	} else if (body->state == HTTP_BODY_CHUNK_END) {
		body->state = HTTP_BODY_CHUNK_SIZE;
		if (*line)
			set_failed(body, HTTP_BODY_BAD_CHUNK);
	} else if (!*line) {
		body->state = HTTP_BODY_DONE;
	}
}

static bool has_control(const char *line)
{
	for (; *line != '\0'; line++) {
		if ((*line > '\0' && *line < ' ' && *line != '\t') || *line == 0x7f)
			return true;
	}
	return false;
}

/* Handles a whole line, which still has its line end. */
static void end_line(struct http_body *body)
{
	struct ls_buf *line = &body->line;
	bool crlf = line->len > 1 && line->data[line->len - 2] == '\r';

	if (body->state == HTTP_BODY_TRAILERS)
		body->trailers += line->len;
	line->len -= crlf ? 2 : 1;
	line->data[line->len] = '\0';
	if (strlen(line->data) != line->len || (body->strict && has_control(line->data)))
		set_failed(body, HTTP_BODY_BAD_LINE);
	else if (body->strict && !crlf)
		set_failed(body, HTTP_BODY_BAD_CHUNK);
	else
		read_line(body, line->data);
	ls_buf_reset(line);
}

static size_t take_line(struct http_body *body, const char *data, size_t len)
{
	const char *newline = memchr(data, '\n', len);
	size_t used = newline ? (size_t)(newline - data) + 1 : len;
	struct ls_buf *line = &body->line;

	if (used > HTTP_HEAD_MAX - body->trailers - line->len) {
		set_failed(body, HTTP_BODY_LONG_LINE);
		return 0;
	}
	ls_buf_add(line, data, used);
	if (line->failed) {
		set_failed(body, HTTP_BODY_NO_MEMORY);
		return 0;
	}
	if (newline)
		end_line(body);
	return used;
}

static size_t take_content(struct http_body *body, const char *data, size_t len)
{
	if (body->state == HTTP_BODY_TO_END) {
		if (len > body->max - body->content.len) {
			set_failed(body, HTTP_BODY_TOO_LARGE);
			return 0;
		}
	} else if (len > body->left) {
		len = (size_t)body->left;
	}
	ls_buf_add(&body->content, data, len);
	if (body->content.failed) {
		set_failed(body, HTTP_BODY_NO_MEMORY);
		return 0;
	}
	if (body->state == HTTP_BODY_TO_END)
		return len;
	body->left -= len;
	if (body->left == 0)
		body->state = body->state == HTTP_BODY_SIZED ? HTTP_BODY_DONE : HTTP_BODY_CHUNK_END;
	return len;
}

size_t http_body_feed(struct http_body *body, const char *data, size_t len)
{
	size_t used = 0;

	while (used < len && body->state != HTTP_BODY_DONE && body->state != HTTP_BODY_FAILED) {
		bool content = body->state == HTTP_BODY_SIZED || body->state == HTTP_BODY_TO_END ||
		               body->state == HTTP_BODY_CHUNK;

		used += content ? take_content(body, data + used, len - used)
		                : take_line(body, data + used, len - used);
	}
	return used;
}
