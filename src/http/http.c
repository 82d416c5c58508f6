/* SPDX-License-Identifier: Apache-2.0 */
#include "http/http.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/cleanup.h"

enum {
	/* A TLS record where a status line should be: RFC 8446 5.1. */
	TLS_RECORD_ALERT = 0x15,
	TLS_RECORD_HANDSHAKE = 0x16,
	CHUNK_SIZE_DIGITS = 8, /* of hexadecimal; more would pass every limit */
	RETRY_AFTER_MAX_S = 7 * 24 * 3600,
};

static void set_failed(struct http_reader *reader, int code, const char *problem)
{
	reader->state = HTTP_FAILED;
	reader->code = code;
	reader->problem = problem;
}

static void set_done(struct http_reader *reader)
{
	reader->state = HTTP_DONE;
}

void http_reader_init(struct http_reader *reader, size_t body_max, bool connect)
{
	*reader = (struct http_reader){.body_max = body_max, .connect = connect};
}

void http_reader_done(struct http_reader *reader)
{
	ls_buf_done(&reader->body);
	ls_buf_done(&reader->line);
}

bool http_reader_is_empty(const struct http_reader *reader)
{
	return reader->state == HTTP_STATUS_LINE && reader->line.len == 0;
}

/* --- lines --- */

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* RFC 9112 4; the version is 1.0 or 1.1. */
static void read_status_line(struct http_reader *reader, const char *line)
{
	bool sound = (ls_str_starts(line, "HTTP/1.1 ") || ls_str_starts(line, "HTTP/1.0 ")) &&
	             line[9] >= '1' && line[9] <= '5' && is_digit(line[10]) && is_digit(line[11]) &&
	             (line[12] == ' ' || line[12] == '\0');

	if (!sound) {
		set_failed(reader, LS_ERROR_SYNTAX, "the answer is not HTTP");
		return;
	}
	reader->keep_alive = line[7] == '1';
	reader->status = (line[9] - '0') * 100 + (line[10] - '0') * 10 + (line[11] - '0');
	reader->chunked = reader->has_length = false;
	reader->left = 0;
	reader->retry_after_s = 0;
	reader->state = HTTP_HEADERS;
}

/* True when the comma-separated list holds the word. */
static bool has_word(const char *list, const char *word)
{
	size_t len = strlen(word);

	while (*list) {
		size_t item;

		list += strspn(list, ", \t");
		item = strcspn(list, ", \t;");
		if (item == len && strncasecmp(list, word, len) == 0)
			return true;
		list += strcspn(list, ",");
	}
	return false;
}

static void read_length(struct http_reader *reader, const char *value)
{
	uint64_t length;

	if (ls_parse_u64(value, 0, UINT64_MAX, &length) < 0 ||
	    (reader->has_length && length != reader->left)) {
		set_failed(reader, LS_ERROR_SYNTAX, "the answer's length is not a number");
		return;
	}
	reader->has_length = true;
	reader->left = length;
}

/* RFC 9110 10.2.3. It is a hint: what does not parse says nothing. */
static void read_retry_after(struct http_reader *reader, const char *value)
{
	uint64_t seconds;

	if (ls_parse_u64(value, 0, RETRY_AFTER_MAX_S, &seconds) == 0)
		reader->retry_after_s = (unsigned)seconds;
}

/* "name: value" in a line of our own, which it may cut. */
static void read_header(struct http_reader *reader, char *line)
{
	char *value = line + strcspn(line, ": \t"); /* a folded line begins with a blank */
	size_t end;

	if (value == line || *value != ':') {
		set_failed(reader, LS_ERROR_SYNTAX, "the answer is not HTTP");
		return;
	}
	*value++ = '\0';
	value += strspn(value, " \t");
	end = strlen(value);
	while (end > 0 && (value[end - 1] == ' ' || value[end - 1] == '\t'))
		value[--end] = '\0';
	if (strcasecmp(line, "content-length") == 0) {
		read_length(reader, value);
	} else if (strcasecmp(line, "transfer-encoding") == 0) {
		reader->chunked = true;
		if (strcasecmp(value, "chunked") != 0)
			set_failed(reader, LS_ERROR_SYNTAX,
			           "the answer's transfer encoding is unknown");
	} else if (strcasecmp(line, "retry-after") == 0) {
		read_retry_after(reader, value);
	} else if (strcasecmp(line, "connection") == 0) {
		if (has_word(value, "close"))
			reader->keep_alive = false;
		else if (has_word(value, "keep-alive"))
			reader->keep_alive = true;
	}
}

/* RFC 9112 6.3: how the body is framed. */
static void end_headers(struct http_reader *reader)
{
	bool success = reader->status >= 200 && reader->status <= 299;

	if (reader->status < 200) {
		reader->state = HTTP_STATUS_LINE; /* interim: the answer is still to come */
		return;
	}
	if ((reader->connect && success) || reader->status == HTTP_STATUS_NO_CONTENT ||
	    reader->status == HTTP_STATUS_NOT_MODIFIED) {
		set_done(reader);
	} else if (reader->chunked) {
		/* Both framings at once may be an attempt to smuggle: not another answer here. */
		reader->keep_alive = reader->keep_alive && !reader->has_length;
		reader->state = HTTP_CHUNK_SIZE;
	} else if (!reader->has_length) {
		reader->keep_alive = false;
		reader->state = HTTP_BODY_TO_END;
	} else if (reader->left > reader->body_max) {
		set_failed(reader, LS_ERROR_LIMIT, "the answer is too large");
	} else if (reader->left == 0) {
		set_done(reader);
	} else {
		reader->state = HTTP_BODY;
	}
}

/* RFC 9112 7.1; extensions are ignored. */
static void read_chunk_size(struct http_reader *reader, const char *line)
{
	size_t digits = strspn(line, "0123456789abcdefABCDEF");
	const char *rest = line + digits + strspn(line + digits, " \t");

	if (digits == 0 || digits > CHUNK_SIZE_DIGITS || (*rest != '\0' && *rest != ';')) {
		set_failed(reader, LS_ERROR_SYNTAX, "the answer's chunks do not parse");
		return;
	}
	reader->left = strtoull(line, NULL, 16);
	reader->state = reader->left > 0 ? HTTP_CHUNK : HTTP_TRAILERS;
	if (reader->left > reader->body_max - reader->body.len)
		set_failed(reader, LS_ERROR_LIMIT, "the answer is too large");
}

static void read_line(struct http_reader *reader, char *line)
{
	switch (reader->state) {
	case HTTP_STATUS_LINE:
		read_status_line(reader, line);
		break;
	case HTTP_HEADERS:
		if (*line)
			read_header(reader, line);
		else
			end_headers(reader);
		break;
	case HTTP_CHUNK_SIZE:
		read_chunk_size(reader, line);
		break;
	case HTTP_CHUNK_END:
		reader->state = HTTP_CHUNK_SIZE;
		if (*line)
			set_failed(reader, LS_ERROR_SYNTAX, "the answer's chunks do not parse");
		break;
	case HTTP_TRAILERS:
		if (!*line)
			set_done(reader);
		break;
	case HTTP_BODY:
	case HTTP_BODY_TO_END:
	case HTTP_CHUNK:
	case HTTP_DONE:
	case HTTP_FAILED:
		break;
	}
}

/* Told from the first bytes, since what is no HTTP may have no line end. */
static bool begins_well(struct http_reader *reader)
{
	static const char version[] = "HTTP/1.";
	const struct ls_buf *line = &reader->line;
	size_t len = line->len < strlen(version) ? line->len : strlen(version);

	if (reader->state != HTTP_STATUS_LINE || strncmp(line->data, version, len) == 0)
		return true;
	set_failed(reader, LS_ERROR_SYNTAX,
	           line->data[0] == TLS_RECORD_ALERT || line->data[0] == TLS_RECORD_HANDSHAKE
	                   ? "the port speaks TLS: use https:// in the URL"
	                   : "the answer is not HTTP");
	return false;
}

static void end_line(struct http_reader *reader)
{
	struct ls_buf *line = &reader->line;

	/* Those of chunks are as many as the chunks. */
	if (reader->state == HTTP_CHUNK_SIZE || reader->state == HTTP_CHUNK_END)
		reader->head_bytes -= line->len;
	line->data[--line->len] = '\0';
	if (line->len > 0 && line->data[line->len - 1] == '\r')
		line->data[--line->len] = '\0';
	if (strlen(line->data) != line->len)
		set_failed(reader, LS_ERROR_SYNTAX, "the answer is not HTTP");
	else
		read_line(reader, line->data);
	ls_buf_reset(line);
}

static size_t take_line(struct http_reader *reader, const char *data, size_t len)
{
	const char *newline = memchr(data, '\n', len);
	size_t used = newline ? (size_t)(newline - data) + 1 : len;
	struct ls_buf *line = &reader->line;

	if (used > HTTP_HEAD_MAX - reader->head_bytes) {
		set_failed(reader, LS_ERROR_LIMIT, "the answer's header is too large");
		return 0;
	}
	reader->head_bytes += used;
	ls_buf_add(line, data, used);
	if (line->failed) {
		set_failed(reader, -ENOMEM, "out of memory");
		return 0;
	}
	if (begins_well(reader) && newline)
		end_line(reader);
	return used;
}

/* --- the body --- */

static size_t take_body(struct http_reader *reader, const char *data, size_t len)
{
	if (reader->state == HTTP_BODY_TO_END) {
		if (len > reader->body_max - reader->body.len) {
			set_failed(reader, LS_ERROR_LIMIT, "the answer is too large");
			return 0;
		}
	} else if (len > reader->left) {
		len = (size_t)reader->left;
	}
	ls_buf_add(&reader->body, data, len);
	if (reader->body.failed) {
		set_failed(reader, -ENOMEM, "out of memory");
		return 0;
	}
	if (reader->state == HTTP_BODY_TO_END)
		return len;
	reader->left -= len;
	if (reader->left == 0 && reader->state == HTTP_BODY)
		set_done(reader);
	else if (reader->left == 0)
		reader->state = HTTP_CHUNK_END;
	return len;
}

size_t http_reader_feed(struct http_reader *reader, const void *data, size_t len)
{
	const char *p = data;
	size_t used = 0;

	while (used < len && reader->state != HTTP_DONE && reader->state != HTTP_FAILED) {
		bool body = reader->state == HTTP_BODY || reader->state == HTTP_BODY_TO_END ||
		            reader->state == HTTP_CHUNK;

		used += body ? take_body(reader, p + used, len - used)
		             : take_line(reader, p + used, len - used);
	}
	return used;
}

void http_reader_end(struct http_reader *reader)
{
	if (reader->state == HTTP_DONE || reader->state == HTTP_FAILED)
		return;
	if (reader->state == HTTP_BODY_TO_END)
		set_done(reader);
	else
		set_failed(reader, LS_ERROR_UNREACHABLE, "the connection broke before the answer");
}

/* --- requests --- */

static int check_fields(const struct http_request *request, struct ls_fail *fail)
{
	const char *const fields[] = {request->method, request->target, request->host,
	                              request->authorization, request->proxy_authorization};

	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		if (fields[i] && ls_str_has_control(fields[i]))
			return ls_fail_set(fail, LS_ERROR_BAD_VALUE,
			                   "the request holds control characters in its path or "
			                   "credential");
	}
	return strchr(request->target, ' ')
	               ? ls_fail_set(fail, LS_ERROR_BAD_VALUE, "the path holds a blank")
	               : 0;
}

int http_write_request(struct ls_buf *buf, const struct http_request *request, struct ls_fail *fail)
{
	int r = check_fields(request, fail);

	if (r < 0)
		return r;
	ls_buf_printf(buf,
	              "%s %s HTTP/1.1\r\nHost: %s\r\nUser-Agent: lightscale-client/" LS_VERSION
	              "\r\n",
	              request->method, request->target, request->host);
	if (request->proxy_authorization)
		ls_buf_printf(buf, "Proxy-Authorization: %s\r\n", request->proxy_authorization);
	if (request->authorization)
		ls_buf_printf(buf, "Authorization: %s\r\n", request->authorization);
	if (request->body)
		ls_buf_printf(buf, "Content-Type: application/json\r\nContent-Length: %zu\r\n",
		              strlen(request->body));
	else if (strcmp(request->method, "POST") == 0 || strcmp(request->method, "PUT") == 0)
		ls_buf_puts(buf, "Content-Length: 0\r\n"); /* RFC 9110 8.6; some proxies insist */
	ls_buf_puts(buf, "Accept: application/json\r\n\r\n");
	if (request->body)
		ls_buf_puts(buf, request->body);
	return buf->failed ? ls_fail_set(fail, -ENOMEM, "out of memory") : 0;
}
