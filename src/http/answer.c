/* SPDX-License-Identifier: Apache-2.0 */
#include "http/answer.h"
#include "base/utf8.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <strings.h>
#include <time.h>

enum {
	/* The first byte of a TLS record, in place of a status line: RFC 8446 5.1. */
	TLS_RECORD_ALERT = 0x15,
	TLS_RECORD_HANDSHAKE = 0x16,
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
	http_body_done(&reader->body);
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
	reader->length = 0;
	reader->retry_after_s = 0;
	reader->state = HTTP_HEADERS;
}

static void read_length(struct http_reader *reader, const char *value)
{
	uint64_t length;

	if (ls_parse_u64(value, 0, UINT64_MAX, &length) < 0 ||
	    (reader->has_length && length != reader->length)) {
		set_failed(reader, LS_ERROR_SYNTAX, "the answer's length is not a number");
		return;
	}
	reader->has_length = true;
	reader->length = length;
}

/* RFC 9110 10.2.3. It is only a hint: a value that does not parse is ignored. */
static void read_retry_after(struct http_reader *reader, const char *value)
{
	uint64_t seconds;

	if (ls_parse_u64(value, 0, RETRY_AFTER_MAX_S, &seconds) == 0)
		reader->retry_after_s = (unsigned)seconds;
}

/* Reads a header line and changes it in place. */
static void read_header(struct http_reader *reader, char *line)
{
	struct http_field field;
	const char *name, *value;

	if (http_field_split(line, &field) != HTTP_FIELD_OK) {
		set_failed(reader, LS_ERROR_SYNTAX, "the answer is not HTTP");
		return;
	}
	name = field.name;
	value = field.value;
	if (strcasecmp(name, "content-length") == 0) {
		read_length(reader, value);
	} else if (strcasecmp(name, "transfer-encoding") == 0) {
		reader->chunked = true;
		if (strcasecmp(value, "chunked") != 0)
			set_failed(reader, LS_ERROR_SYNTAX,
			           "the answer's transfer encoding is unknown");
	} else if (strcasecmp(name, "retry-after") == 0) {
		read_retry_after(reader, value);
	} else if (strcasecmp(name, "connection") == 0) {
		if (http_list_has(value, "close"))
			reader->keep_alive = false;
		else if (http_list_has(value, "keep-alive"))
			reader->keep_alive = true;
	}
}

/* Updates the reader's state after bytes of the body were read. */
static void look_at_body(struct http_reader *reader)
{
	if (reader->body.state == HTTP_BODY_DONE) {
		set_done(reader);
		return;
	}
	switch (reader->body.fault) {
	case HTTP_BODY_SOUND:
		break;
	case HTTP_BODY_BAD_CHUNK:
		set_failed(reader, LS_ERROR_SYNTAX, "the answer's chunks do not parse");
		break;
	case HTTP_BODY_BAD_LINE:
		set_failed(reader, LS_ERROR_SYNTAX, "the answer is not HTTP");
		break;
	case HTTP_BODY_TOO_LARGE:
		set_failed(reader, LS_ERROR_LIMIT, "the answer is too large");
		break;
	case HTTP_BODY_LONG_LINE:
		set_failed(reader, LS_ERROR_LIMIT, "the answer's header is too large");
		break;
	case HTTP_BODY_NO_MEMORY:
		set_failed(reader, -ENOMEM, "out of memory");
		break;
	}
}

/* RFC 9112 6.3: how the body is framed. */
static void end_headers(struct http_reader *reader)
{
	bool success = reader->status >= 200 && reader->status <= 299;

	if (reader->status < 200) {
		reader->state = HTTP_STATUS_LINE; /* an interim response: the answer follows */
		return;
	}
	if ((reader->connect && success) || reader->status == HTTP_STATUS_NO_CONTENT ||
	    reader->status == HTTP_STATUS_NOT_MODIFIED) {
		set_done(reader);
		return;
	}
	reader->state = HTTP_BODY;
	if (reader->chunked) {
		/* Both framings at once may be an attempt to smuggle a second answer: the
		 * connection carries no other one. */
		reader->keep_alive = reader->keep_alive && !reader->has_length;
		http_body_init_chunked(&reader->body, reader->body_max, false);
	} else if (reader->has_length) {
		http_body_init_sized(&reader->body, reader->body_max, reader->length);
	} else {
		reader->keep_alive = false;
		http_body_init_to_end(&reader->body, reader->body_max);
	}
	look_at_body(reader);
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
	case HTTP_BODY:
	case HTTP_DONE:
	case HTTP_FAILED:
		break;
	}
}

/* True when the first bytes may begin an answer. This does not wait for a line end, which other
 * protocols may never send. */
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

size_t http_reader_feed(struct http_reader *reader, const void *data, size_t len)
{
	const char *p = data;
	size_t used = 0;

	while (used < len && reader->state != HTTP_DONE && reader->state != HTTP_FAILED) {
		if (reader->state != HTTP_BODY) {
			used += take_line(reader, p + used, len - used);
			continue;
		}
		used += http_body_feed(&reader->body, p + used, len - used);
		look_at_body(reader);
	}
	return used;
}

void http_reader_end(struct http_reader *reader)
{
	if (reader->state == HTTP_DONE || reader->state == HTTP_FAILED)
		return;
	if (reader->state == HTTP_BODY && reader->body.state == HTTP_BODY_TO_END)
		set_done(reader);
	else
		set_failed(reader, LS_ERROR_UNREACHABLE, "the connection broke before the answer");
}

/* --- the writer --- */

static const char *reason(enum http_status status)
{
	switch (status) {
	case HTTP_STATUS_CONTINUE:
		return "Continue";
	case HTTP_STATUS_SWITCHING:
		return "Switching Protocols";
	case HTTP_STATUS_OK:
		return "OK";
	case HTTP_STATUS_NO_CONTENT:
		return "No Content";
	case HTTP_STATUS_NOT_MODIFIED:
		return "Not Modified";
	case HTTP_STATUS_BAD_REQUEST:
		return "Bad Request";
	case HTTP_STATUS_UNAUTHORISED:
		return "Unauthorized";
	case HTTP_STATUS_NOT_FOUND:
		return "Not Found";
	case HTTP_STATUS_BAD_METHOD:
		return "Method Not Allowed";
	case HTTP_STATUS_PROXY_AUTH:
		return "Proxy Authentication Required";
	case HTTP_STATUS_TIMEOUT:
		return "Request Timeout";
	case HTTP_STATUS_CONFLICT:
		return "Conflict";
	case HTTP_STATUS_TOO_LARGE:
		return "Content Too Large";
	case HTTP_STATUS_EXPECTATION:
		return "Expectation Failed";
	case HTTP_STATUS_TOO_MANY:
		return "Too Many Requests";
	case HTTP_STATUS_INTERNAL:
		return "Internal Server Error";
	case HTTP_STATUS_NOT_IMPLEMENTED:
		return "Not Implemented";
	case HTTP_STATUS_UNAVAILABLE:
		return "Service Unavailable";
	}
	return "";
}

/* RFC 9110 5.6.7: English names in every locale. */
static void write_date(struct ls_buf *buf, int64_t now_s)
{
	static const char days[][4] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
	static const char months[][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
	                                 "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
	time_t at = (time_t)now_s;
	struct tm tm;

	if (!gmtime_r(&at, &tm))
		return;
	ls_buf_printf(buf, "Date: %s, %02d %s %d %02d:%02d:%02d GMT\r\n", days[tm.tm_wday],
	              tm.tm_mday, months[tm.tm_mon], tm.tm_year + 1900, tm.tm_hour, tm.tm_min,
	              tm.tm_sec);
}

/* RFC 9110 6.4.1: answers with some statuses never have content. */
static bool has_content(enum http_status status)
{
	return status >= HTTP_STATUS_OK && status != HTTP_STATUS_NO_CONTENT &&
	       status != HTTP_STATUS_NOT_MODIFIED;
}

void http_write_answer(struct ls_buf *buf, const struct http_answer *answer)
{
	ls_buf_printf(buf, "HTTP/1.%u %d %s\r\n", answer->minor, (int)answer->status,
	              reason(answer->status));
	write_date(buf, answer->now_s);
	if (answer->type)
		ls_buf_printf(buf, "Content-Type: %s\r\n", answer->type);
	if (has_content(answer->status))
		ls_buf_printf(buf, "Content-Length: %" PRIu64 "\r\n", answer->length);
	for (size_t i = 0; i < answer->field_count; i++) {
		assert(!ls_str_has_control(answer->fields[i].value));
		ls_buf_printf(buf, "%s: %s\r\n", answer->fields[i].name, answer->fields[i].value);
	}
	if (!answer->keep_alive)
		ls_buf_puts(buf, "Connection: close\r\n");
	else if (answer->minor == 0)
		ls_buf_puts(buf, "Connection: keep-alive\r\n");
	ls_buf_puts(buf, "\r\n");
}
