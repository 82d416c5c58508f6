/* SPDX-License-Identifier: Apache-2.0 */
#include "http/request.h"
#include "base/utf8.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

enum {
	LENGTH_DIGITS =
	        19, /* of Content-Length: a number with so many digits always fits into 64 bits */
};

static const char not_http[] = "bad request: not HTTP/1.1";
static const char unclear_length[] =
        "bad request: the length of the body is not clear; send one Content-Length, or "
        "Transfer-Encoding: chunked";

size_t http_blank_lines(const char *data, size_t len)
{
	size_t n = 0;

	while (n < len) {
		if (data[n] == '\n')
			n++;
		else if (len - n >= 2 && data[n] == '\r' && data[n + 1] == '\n')
			n += 2;
		else
			break;
	}
	return n;
}

size_t http_head_length(const char *data, size_t len, size_t seen)
{
	/* The empty line may have begun in the bytes that were seen before. */
	size_t at = seen > 3 ? seen - 3 : 0;
	const char *newline;

	while (at < len && (newline = memchr(data + at, '\n', len - at))) {
		at = (size_t)(newline - data) + 1;
		if (at < len && data[at] == '\n')
			return at + 1;
		if (len - at >= 2 && data[at] == '\r' && data[at + 1] == '\n')
			return at + 2;
	}
	return 0;
}

bool http_head_may_begin(const char *data, size_t len)
{
	char first[2] = {len > 0 ? data[0] : 'G'};

	return first[0] == '\r' || http_is_token(first);
}

/* --- the head --- */

/* Splits off the next line and returns it; NULL when it contains a control character. */
static char *next_line(char **rest, const char *end)
{
	char *line = *rest, *p = line;

	for (; p < end && *p != '\n'; p++) {
		bool line_end = *p == '\r' && p + 1 < end && p[1] == '\n';

		if (((unsigned char)*p < ' ' && *p != '\t' && !line_end) || *p == 0x7f)
			return NULL;
	}
	*rest = p + 1;
	*p = '\0';
	if (p > line && p[-1] == '\r')
		p[-1] = '\0';
	return line;
}

static bool is_visible(const char *text)
{
	for (; *text != '\0'; text++) {
		if ((unsigned char)*text <= ' ' || (unsigned char)*text >= 0x7f)
			return false;
	}
	return true;
}

/* RFC 9112 3.2: of a target in absolute form we use the path. Its authority means the same as Host,
 * which we do not use. */
static bool read_target(char *target, struct http_head *head)
{
	char *query;

	if (strncasecmp(target, "http://", 7) == 0 || strncasecmp(target, "https://", 8) == 0) {
		char *authority = strchr(target, ':') + 3;
		size_t len = strcspn(authority, "/?");

		if (len == 0)
			return false;
		/* Without a path, the path is "/": write it over the last byte of the authority,
		 * before the query. */
		if (authority[len] == '/') {
			target = authority + len;
		} else {
			target = authority + len - 1;
			*target = '/';
		}
	} else if (*target != '/' && strcmp(head->method, "CONNECT") != 0 &&
	           strcmp(target, "*") != 0) {
		return false;
	}
	if (!is_visible(target) || strchr(target, '#') || target[1] == '/')
		return false;
	query = strchr(target, '?');
	if (query)
		*query++ = '\0';
	head->path = target;
	head->query = query;
	return true;
}

static const char *read_request_line(char *line, struct http_head *head)
{
	char *target = strchr(line, ' '), *version = target ? strchr(target + 1, ' ') : NULL;

	if (!version)
		return not_http;
	*target++ = '\0';
	*version++ = '\0';
	if (!http_is_token(line) || *target == '\0' ||
	    (strcmp(version, "HTTP/1.1") != 0 && strcmp(version, "HTTP/1.0") != 0))
		return not_http;
	head->method = line;
	head->minor = version[7] == '1';
	head->keep_alive = head->minor == 1;
	return read_target(target, head) ? NULL : "bad request: the target is not a path";
}

static const char *read_field(char *line, struct http_head *head)
{
	struct http_field *field = &head->fields[head->field_count];

	if (head->field_count == HTTP_FIELDS_MAX)
		return "bad request: more than 100 header lines";
	switch (http_field_split(line, field)) {
	case HTTP_FIELD_OK:
		break;
	case HTTP_FIELD_NO_COLON:
		return "bad request: not HTTP/1.1: a header line without a name and a colon";
	case HTTP_FIELD_BLANK:
		return "bad request: a blank before the colon of a header line";
	case HTTP_FIELD_FOLDED:
		return "bad request: a folded header line";
	}
	if (!http_is_token(field->name))
		return "bad request: a header name contains a character that is not allowed";
	head->field_count++;
	return NULL;
}

/* --- what the header means --- */

/* The fields that may occur only once. */
struct singles {
	const char *host;
	const char *length;
	const char *encoding;
	const char *authorization;
	const char *expect;
	const char *twice; /* the problem when one of them occurs again */
};

static void keep(struct singles *singles, const char **single, const char *value,
                 const char *problem)
{
	if (*single && !singles->twice)
		singles->twice = problem;
	*single = value;
}

static void sort_fields(struct http_head *head, struct singles *s)
{
	for (size_t i = 0; i < head->field_count; i++) {
		const char *name = head->fields[i].name, *value = head->fields[i].value;

		if (strcasecmp(name, "Host") == 0) {
			keep(s, &s->host, value, "bad request: more than one Host header");
		} else if (strcasecmp(name, "Content-Length") == 0) {
			keep(s, &s->length, value, unclear_length);
		} else if (strcasecmp(name, "Transfer-Encoding") == 0) {
			keep(s, &s->encoding, value, unclear_length);
		} else if (strcasecmp(name, "Authorization") == 0) {
			keep(s, &s->authorization, value,
			     "bad request: more than one Authorization header");
		} else if (strcasecmp(name, "Expect") == 0) {
			keep(s, &s->expect, value, "bad request: more than one Expect header");
		} else if (strcasecmp(name, "Connection") == 0) {
			if (http_list_has(value, "close"))
				head->keep_alive = false;
			else if (http_list_has(value, "keep-alive") && head->minor == 0)
				head->keep_alive = true;
		}
	}
}

/* RFC 9112 6.1, 6.3. */
static int read_framing(const struct singles *singles, struct http_head *head,
                        const char **ret_problem)
{
	const char *length = singles->length, *encoding = singles->encoding;

	*ret_problem = unclear_length;
	if (encoding) {
		const char *last = strrchr(encoding, ',');

		if (length || head->minor == 0)
			return HTTP_STATUS_BAD_REQUEST;
		if (strcasecmp(encoding, "chunked") == 0) {
			head->chunked = true;
			return 0;
		}
		if (!last || !http_list_has(last, "chunked"))
			return HTTP_STATUS_BAD_REQUEST;
		*ret_problem = "the body's transfer encoding is unknown; send chunked alone";
		return HTTP_STATUS_NOT_IMPLEMENTED;
	}
	if (!length)
		return 0;
	if (strlen(length) > LENGTH_DIGITS ||
	    ls_parse_u64(length, 0, UINT64_MAX, &head->length) < 0)
		return HTTP_STATUS_BAD_REQUEST;
	return 0;
}

/* RFC 9112 3.2: refuses characters that no host and port contain. */
static bool is_host(const char *host)
{
	return is_visible(host) && !strpbrk(host, "/\\?#@,");
}

static int read_meaning(struct http_head *head, const char **ret_problem)
{
	struct singles singles = {0};
	int status;

	sort_fields(head, &singles);
	*ret_problem = singles.twice;
	if (singles.twice)
		return HTTP_STATUS_BAD_REQUEST;
	*ret_problem = "bad request: HTTP/1.1 requires a Host header";
	if (singles.host ? !is_host(singles.host) : head->minor == 1)
		return HTTP_STATUS_BAD_REQUEST;
	status = read_framing(&singles, head, ret_problem);
	if (status != 0)
		return status;
	if (!singles.expect || head->minor == 0)
		return 0;
	*ret_problem = "only Expect: 100-continue is supported";
	if (strcasecmp(singles.expect, "100-continue") != 0)
		return HTTP_STATUS_EXPECTATION;
	head->wants_continue = true;
	return 0;
}

int http_head_parse(char *data, size_t len, struct http_head *ret, const char **ret_problem)
{
	char *rest = data, *line = next_line(&rest, data + len);

	*ret_problem = len > HTTP_HEAD_MAX ? "bad request: the header is larger than 16 KiB" : NULL;
	ret->query = NULL;
	ret->wants_continue = ret->chunked = false;
	ret->length = 0;
	ret->field_count = 0;
	if (line && !*ret_problem)
		*ret_problem = read_request_line(line, ret);
	while (line && !*ret_problem) {
		line = next_line(&rest, data + len);
		if (!line || *line == '\0')
			break;
		*ret_problem = read_field(line, ret);
	}
	if (!line && !*ret_problem)
		*ret_problem = "bad request: not HTTP/1.1: a control character in the header";
	if (*ret_problem)
		return HTTP_STATUS_BAD_REQUEST;
	return read_meaning(ret, ret_problem);
}

const char *http_head_field(const struct http_head *head, const char *name)
{
	for (size_t i = 0; i < head->field_count; i++) {
		if (strcasecmp(head->fields[i].name, name) == 0)
			return head->fields[i].value;
	}
	return NULL;
}

/* --- the writer --- */

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
	               ? ls_fail_set(fail, LS_ERROR_BAD_VALUE, "the path contains a space")
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
