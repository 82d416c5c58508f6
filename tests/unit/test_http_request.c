/* SPDX-License-Identifier: Apache-2.0 */
/* The reader of requests: which requests it accepts, which it refuses and with what answer; their
 * bodies; the writer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "http/accept.h"
#include "http/body.h"
#include "http/query.h"
#include "http/request.h"

enum {
	BODY_MAX = 64,
};

#define GET "GET /x HTTP/1.1\r\nHost: a\r\n"

static char text[64 << 10]; /* what a head was read from */

/* The whole text is one head. */
static int parse(const char *bytes, struct http_head *head, const char **problem)
{
	size_t len = strlen(bytes);

	assert_true(len < sizeof(text));
	memcpy(text, bytes, len + 1);
	assert_int_equal(http_head_length(text, len, 0), len);
	return http_head_parse(text, len, head, problem);
}

static const struct {
	const char *bytes;
	const char *method;
	const char *path;
	const char *query;
	bool keep_alive;
	bool has_body;
} heads[] = {
        {GET "\r\n", "GET", "/x", NULL, true, false},
        {"GET /x HTTP/1.1\nHost: a\n\n", "GET", "/x", NULL, true, false},
        {"GET / HTTP/1.0\r\n\r\n", "GET", "/", NULL, false, false},
        {"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", "GET", "/", NULL, true, false},
        {GET "connection:te , CLOSE\r\n\r\n", "GET", "/x", NULL, false, false},
        {"GET /a%20b?c=d&e?f HTTP/1.1\r\nHost:\r\n\r\n", "GET", "/a%20b", "c=d&e?f", true, false},
        {"GET /? HTTP/1.1\r\nHost: [::1]:80\r\n\r\n", "GET", "/", "", true, false},
        {"GET http://h:1/p?q HTTP/1.1\r\nHost: a\r\n\r\n", "GET", "/p", "q", true, false},
        {"GET HTTPS://h HTTP/1.1\r\nHost: a\r\n\r\n", "GET", "/", NULL, true, false},
        {"GET http://h?q HTTP/1.1\r\nHost: a\r\n\r\n", "GET", "/", "q", true, false},
        {"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", "OPTIONS", "*", NULL, true, false},
        {"CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n", "CONNECT", "a:1", NULL, true, false},
        {"BREW /x HTTP/1.1\r\nHost: a\r\n\r\n", "BREW", "/x", NULL, true, false},
        {GET "Content-Length: 0\r\n\r\n", "GET", "/x", NULL, true, false},
        {GET "Content-Length: 12\r\n\r\n", "GET", "/x", NULL, true, true},
        {GET "content-length:\t9999999999999999999 \r\n\r\n", "GET", "/x", NULL, true, true},
        {GET "Transfer-Encoding: Chunked\r\n\r\n", "GET", "/x", NULL, true, true},
        {GET "X: a\tb \xff\r\n\r\n", "GET", "/x", NULL, true, false},
};

static void reads_heads(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++) {
		const char *problem = NULL;
		struct http_head head;

		if (parse(heads[i].bytes, &head, &problem) != 0)
			fail_msg("%s: %s", heads[i].bytes, problem);
		assert_string_equal(head.method, heads[i].method);
		assert_string_equal(head.path, heads[i].path);
		if (heads[i].query)
			assert_string_equal(head.query, heads[i].query);
		else
			assert_null(head.query);
		assert_int_equal(head.keep_alive, heads[i].keep_alive);
		assert_int_equal(http_head_has_body(&head), heads[i].has_body);
	}
}

static void reads_fields(void **state)
{
	const char *problem;
	struct http_head head;

	(void)state;
	assert_int_equal(parse(GET "authorization:Bearer  x \r\nX:\r\nx: 2\r\nExpect: "
	                           "100-Continue\r\nContent-Length: 7\r\n\r\n",
	                       &head, &problem),
	                 0);
	assert_string_equal(http_head_field(&head, "Authorization"), "Bearer  x");
	assert_string_equal(http_head_field(&head, "x"), "");
	assert_null(http_head_field(&head, "y"));
	assert_int_equal(head.field_count, 6);
	assert_true(head.wants_continue);
	assert_int_equal(head.length, 7);
	/* A client of HTTP/1.0 cannot wait for that. */
	assert_int_equal(parse("GET / HTTP/1.0\r\nExpect: x\r\n\r\n", &head, &problem), 0);
	assert_false(head.wants_continue);
}

static const struct {
	const char *bytes;
	int status;
	const char *problem;
} refused[] = {
        {"GARBAGE\r\n\r\n", 400, "not HTTP/1.1"},
        {"\r\n\r\n", 400, "not HTTP/1.1"},
        {"GET /x\r\n\r\n", 400, "not HTTP/1.1"},
        {"GET  HTTP/1.1\r\n\r\n", 400, "not HTTP/1.1"},
        {"GET /x HTTP/1.1 \r\n\r\n", 400, "not HTTP/1.1"},
        {"GET /x HTTP/1.2\r\n\r\n", 400, "not HTTP/1.1"},
        {"GET /x http/1.1\r\n\r\n", 400, "not HTTP/1.1"},
        {"GET\t/x HTTP/1.1\r\n\r\n", 400, "not HTTP/1.1"},
        {"G(T /x HTTP/1.1\r\n\r\n", 400, "not HTTP/1.1"},
        {" GET /x HTTP/1.1\r\n\r\n", 400, "not HTTP/1.1"},
        {"GET x HTTP/1.1\r\n\r\n", 400, "not a path"},
        {"GET //evil/healthz HTTP/1.1\r\nHost: a\r\n\r\n", 400, "not a path"},
        {"GET http://h//x HTTP/1.1\r\nHost: a\r\n\r\n", 400, "not a path"},
        {"GET http:///x HTTP/1.1\r\nHost: a\r\n\r\n", 400, "not a path"},
        {"GET ftp://h/x HTTP/1.1\r\nHost: a\r\n\r\n", 400, "not a path"},
        {"GET /x#y HTTP/1.1\r\nHost: a\r\n\r\n", 400, "not a path"},
        {"GET /\xc3\xa4 HTTP/1.1\r\nHost: a\r\n\r\n", 400, "not a path"},
        {GET "no colon\r\n\r\n", 400, "without a name and a colon"},
        {GET ": value\r\n\r\n", 400, "without a name and a colon"},
        {GET "Content-Length : 5\r\n\r\n", 400, "a blank before the colon"},
        {GET "X: a\r\n b\r\n\r\n", 400, "folded"},
        {GET "X: a\r\n\tb\r\n\r\n", 400, "folded"},
        {GET "X(: a\r\n\r\n", 400, "a character that is not allowed"},
        {GET "X: a\rb\r\n\r\n", 400, "control character"},
        {GET "X: a\x7f\r\n\r\n", 400, "control character"},
        {GET "X: \x1b[2J\r\n\r\n", 400, "control character"},
        {"GET /x\x01 HTTP/1.1\r\nHost: a\r\n\r\n", 400, "control character"},
        {"GET / HTTP/1.1\r\n\r\n", 400, "requires a Host"},
        {GET "Host: a\r\n\r\n", 400, "more than one Host"},
        {"GET / HTTP/1.1\r\nHost: a b\r\n\r\n", 400, "Host"},
        {"GET / HTTP/1.0\r\nHost: a/b\r\n\r\n", 400, "Host"},
        {GET "Authorization: a\r\nauthorization: a\r\n\r\n", 400, "more than one Authorization"},
        {GET "Content-Length: 2\r\nContent-Length: 2\r\n\r\n", 400, "length of the body"},
        {GET "Content-Length: 2, 2\r\n\r\n", 400, "length of the body"},
        {GET "Content-Length: +2\r\n\r\n", 400, "length of the body"},
        {GET "Content-Length: -2\r\n\r\n", 400, "length of the body"},
        {GET "Content-Length: 0x2\r\n\r\n", 400, "length of the body"},
        {GET "Content-Length: \r\n\r\n", 400, "length of the body"},
        {GET "Content-Length: 00000000000000000002\r\n\r\n", 400, "length of the body"},
        {GET "Content-Length: 99999999999999999999\r\n\r\n", 400, "length of the body"},
        {GET "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n", 400, "length of the body"},
        {GET "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n", 400,
         "length of the body"},
        {GET "Transfer-Encoding: xchunked\r\n\r\n", 400, "length of the body"},
        {GET "Transfer-Encoding: chunked, gzip\r\n\r\n", 400, "length of the body"},
        {GET "Transfer-Encoding: gzip, chunked\r\n\r\n", 501, "transfer encoding"},
        {"GET / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", 400, "length of the body"},
        {GET "Expect: magic\r\n\r\n", 417, "100-continue"},
};

static void refuses_heads(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		const char *problem = NULL;
		struct http_head head;

		if (parse(refused[i].bytes, &head, &problem) != refused[i].status ||
		    !strstr(problem, refused[i].problem))
			fail_msg("%s: %s", refused[i].bytes, problem ? problem : "taken");
	}
}

static void refuses_nul(void **state)
{
	static const char bytes[] = GET "X: a\0b\r\n\r\n";
	const char *problem;
	struct http_head head;

	(void)state;
	memcpy(text, bytes, sizeof(bytes) - 1);
	assert_int_equal(http_head_length(text, sizeof(bytes) - 1, 0), sizeof(bytes) - 1);
	assert_int_equal(http_head_parse(text, sizeof(bytes) - 1, &head, &problem), 400);
	assert_non_null(strstr(problem, "control character"));
}

static void bounds_heads(void **state)
{
	static char many[32 << 10];
	const char *problem;
	struct http_head head;
	size_t len = 0;

	(void)state;
	len += (size_t)snprintf(many, sizeof(many), GET);
	for (int i = 0; i < HTTP_FIELDS_MAX - 1; i++)
		len += (size_t)snprintf(many + len, sizeof(many) - len, "X: %d\r\n", i);
	(void)snprintf(many + len, sizeof(many) - len, "\r\n");
	assert_int_equal(parse(many, &head, &problem), 0);
	assert_int_equal(head.field_count, HTTP_FIELDS_MAX);
	(void)snprintf(many + len, sizeof(many) - len, "X: y\r\n\r\n");
	assert_int_equal(parse(many, &head, &problem), 400);
	assert_non_null(strstr(problem, "more than 100 header lines"));
	(void)snprintf(many, sizeof(many), GET "X: %0*d\r\n\r\n", (int)HTTP_HEAD_MAX, 0);
	assert_int_equal(parse(many, &head, &problem), 400);
	assert_non_null(strstr(problem, "larger than 16 KiB"));
}

/* In however many pieces it comes. */
static void finds_the_end(void **state)
{
	static const char *const ends[] = {"\r\n\r\n", "\n\n", "\n\r\n", "\r\n\n"};

	(void)state;
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		char bytes[64];
		size_t len =
		        (size_t)snprintf(bytes, sizeof(bytes), "GET / HTTP/1.1\r\nA: b%s", ends[i]);

		(void)snprintf(bytes + len, sizeof(bytes) - len, "next\r\n\r\n");
		for (size_t have = 1; have < len; have++)
			assert_int_equal(http_head_length(bytes, have, have - 1), 0);
		assert_int_equal(http_head_length(bytes, len, len - 1), len);
		assert_int_equal(http_head_length(bytes, strlen(bytes), 0), len);
	}
	assert_int_equal(http_blank_lines("\r\n\n\r\nGET", 8), 5);
	assert_int_equal(http_blank_lines("\r", 1), 0);
	assert_int_equal(http_blank_lines("\rG", 2), 0);
	assert_true(http_head_may_begin("\r", 1));
	assert_true(http_head_may_begin("", 0));
	assert_false(http_head_may_begin("\x16\x03\x01", 3));
	assert_false(http_head_may_begin(" GET", 4));
}

static const struct {
	const char *bytes;
	enum http_body_fault fault;
	const char *content;
	const char *rest;
} bodies[] = {
        {"2\r\nhi\r\n3;x=y\r\nabc\r\n0\r\n\r\nGET", HTTP_BODY_SOUND, "hiabc", "GET"},
        {"0000000A\r\n0123456789\r\n0\r\nTrailer: x\r\n\r\n", HTTP_BODY_SOUND, "0123456789", ""},
        {"2;\r\nhi\r\n0\r\n\r\n", HTTP_BODY_SOUND, "hi", ""},
        {"0x2\r\nhi\r\n", HTTP_BODY_BAD_CHUNK, NULL, NULL},
        {"+2\r\nhi\r\n", HTTP_BODY_BAD_CHUNK, NULL, NULL},
        {"-2\r\nhi\r\n", HTTP_BODY_BAD_CHUNK, NULL, NULL},
        {"2 2\r\nhi\r\n", HTTP_BODY_BAD_CHUNK, NULL, NULL},
        {" 2\r\nhi\r\n", HTTP_BODY_BAD_CHUNK, NULL, NULL},
        {"2 \r\nhi\r\n", HTTP_BODY_BAD_CHUNK, NULL, NULL},
        {"2 ;x\r\nhi\r\n", HTTP_BODY_BAD_CHUNK, NULL, NULL},
        {"2h\r\nhi\r\n", HTTP_BODY_BAD_CHUNK, NULL, NULL},
        {"\r\n", HTTP_BODY_BAD_CHUNK, NULL, NULL},
        {"000000002\r\nhi\r\n", HTTP_BODY_BAD_CHUNK, NULL, NULL},
        {"2\nhi\r\n", HTTP_BODY_BAD_CHUNK, NULL, NULL},
        {"2\r\nhi\n", HTTP_BODY_BAD_CHUNK, NULL, NULL},
        {"2\r\nhix\r\n", HTTP_BODY_BAD_CHUNK, NULL, NULL},
        {"2;x=\x01\r\nhi\r\n", HTTP_BODY_BAD_LINE, NULL, NULL},
        {"2;x=\ry\r\nhi\r\n", HTTP_BODY_BAD_LINE, NULL, NULL},
        {"40\r\n", HTTP_BODY_SOUND, NULL, NULL},
        {"41\r\n", HTTP_BODY_TOO_LARGE, NULL, NULL},
        {"ffffffff\r\n", HTTP_BODY_TOO_LARGE, NULL, NULL},
};

static void check_body(size_t i, size_t step)
{
	const char *bytes = bodies[i].bytes;
	size_t len = strlen(bytes), used = 0, taken = step;
	struct http_body body;

	http_body_init_chunked(&body, BODY_MAX, true);
	for (; used < len && taken == step; used += taken) {
		step = len - used < step ? len - used : step;
		taken = http_body_feed(&body, bytes + used, step);
	}
	if (body.fault != bodies[i].fault)
		fail_msg("%s: %d", bytes, (int)body.fault);
	if (bodies[i].content) {
		assert_int_equal(body.state, HTTP_BODY_DONE);
		assert_string_equal(ls_buf_text(&body.content), bodies[i].content);
		assert_string_equal(bytes + used, bodies[i].rest);
	} else {
		assert_int_not_equal(body.state, HTTP_BODY_DONE);
	}
	http_body_done(&body);
}

static void reads_chunks_strictly(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
		check_body(i, 1000);
		check_body(i, 1);
		check_body(i, 3);
	}
}

static void reads_sized_bodies(void **state)
{
	struct http_body body;

	(void)state;
	http_body_init_sized(&body, BODY_MAX, BODY_MAX + 1);
	assert_int_equal(body.fault, HTTP_BODY_TOO_LARGE);
	http_body_init_sized(&body, BODY_MAX, 0);
	assert_int_equal(body.state, HTTP_BODY_DONE);
	http_body_init_sized(&body, BODY_MAX, 5);
	assert_int_equal(http_body_feed(&body, "ab", 2), 2);
	assert_int_equal(body.state, HTTP_BODY_SIZED);
	assert_int_equal(http_body_feed(&body, "cdefgh", 6), 3);
	assert_int_equal(body.state, HTTP_BODY_DONE);
	assert_string_equal(ls_buf_text(&body.content), "abcde");
	http_body_done(&body);
}

static void bounds_trailers(void **state)
{
	struct http_body body;
	size_t fed = 0, taken = 6;

	(void)state;
	http_body_init_chunked(&body, BODY_MAX, true);
	assert_int_equal(http_body_feed(&body, "0\r\n", 3), 3);
	for (; taken == 6 && fed < 4 * (size_t)HTTP_HEAD_MAX; fed += taken)
		taken = http_body_feed(&body, "X: y\r\n", 6);
	assert_int_equal(body.fault, HTTP_BODY_LONG_LINE);
	assert_true(fed <= HTTP_HEAD_MAX);
	http_body_done(&body);
}

static const struct {
	const char *text;
	int code;
	size_t count;
	const char *name; /* of the last pair */
	const char *value;
} queries[] = {
        {"a=b", 0, 1, "a", "b"},
        {"a=&b=c=d", 0, 2, "b", "c=d"},
        {"a%3db=%2B+%c3%A4", 0, 1, "a=b", "+ \xc3\xa4"},
        {"a", LS_ERROR_SYNTAX, 0, NULL, NULL},
        {"=b", LS_ERROR_SYNTAX, 0, NULL, NULL},
        {"a=b&", LS_ERROR_SYNTAX, 0, NULL, NULL},
        {"a=%", LS_ERROR_SYNTAX, 0, NULL, NULL},
        {"a=%2", LS_ERROR_SYNTAX, 0, NULL, NULL},
        {"a=%2g", LS_ERROR_SYNTAX, 0, NULL, NULL},
        {"a=%00", LS_ERROR_SYNTAX, 0, NULL, NULL},
        {"a=1&b=2&c=3&d=4", LS_ERROR_LIMIT, 0, NULL, NULL},
};

static void reads_queries(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(queries) / sizeof(queries[0]); i++) {
		struct http_field pairs[3];
		size_t count = 0;

		(void)snprintf(text, sizeof(text), "%s", queries[i].text);
		if (http_query_parse(text, pairs, 3, &count) != queries[i].code)
			fail_msg("%s", queries[i].text);
		assert_int_equal(count, queries[i].count);
		if (count == 0)
			continue;
		assert_string_equal(pairs[count - 1].name, queries[i].name);
		assert_string_equal(pairs[count - 1].value, queries[i].value);
	}
}

static const struct {
	const char *value;
	unsigned html;
} accepts[] = {
        {"text/html", 1000},
        {"", 0},
        {"*/*", 0},
        {"text/*", 0},
        {"text/htm", 0},
        {"text/html5", 0},
        {"xtext/html", 0},
        {"TEXT/Html", 1000},
        {"text/html;q=0.5", 500},
        {"text/html;q=0", 0},
        {"text/html;q=0.000", 0},
        {"text/html;q=1.000", 1000},
        {"text/html;q=9", 1000},
        {"text/html; level=1 ; Q=0.25", 250},
        {"text/html;q=0.1234", 123},
        {"text/html;q=", 0},
        {"text/html;q=x", 0},
        {"text/html;", 1000},
        {"text/html ,", 1000},
        {"a/b, text/html;q=0.3,text/html;q=0.7", 700},
        {",,\t text/html\t;q=0.2", 200},
        {"text/html;q=0.9;q=0.1", 900},
        {"application/json,*/*;q=0.8", 0},
};

static void reads_accepted_types(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(accepts) / sizeof(accepts[0]); i++) {
		unsigned got = http_accept_quality(accepts[i].value, "text/html");

		if (got != accepts[i].html)
			fail_msg("%s: %u", accepts[i].value, got);
	}
}

static void writes_requests(void **state)
{
	struct http_request request = {.method = "POST",
	                               .target = "/v1/x?y=1",
	                               .host = "a:1",
	                               .authorization = "Bearer t",
	                               .body = "{}"};
	struct ls_buf buf = {0};
	struct ls_fail fail;

	(void)state;
	assert_int_equal(http_write_request(&buf, &request, &fail), 0);
	assert_string_equal(ls_buf_text(&buf),
	                    "POST /v1/x?y=1 HTTP/1.1\r\nHost: a:1\r\n"
	                    "User-Agent: lightscale-client/" LS_VERSION "\r\n"
	                    "Authorization: Bearer t\r\nContent-Type: application/json\r\n"
	                    "Content-Length: 2\r\nAccept: application/json\r\n\r\n{}");
	ls_buf_reset(&buf);
	request.body = NULL; /* which a POST says */
	assert_int_equal(http_write_request(&buf, &request, &fail), 0);
	assert_non_null(strstr(ls_buf_text(&buf), "Bearer t\r\nContent-Length: 0\r\nAccept: "));
	ls_buf_reset(&buf);
	request.method = "GET";
	assert_int_equal(http_write_request(&buf, &request, &fail), 0);
	assert_null(strstr(ls_buf_text(&buf), "Content-"));
	ls_buf_reset(&buf);
	request.authorization = "Bearer t\r\nHost: b";
	assert_int_equal(http_write_request(&buf, &request, &fail), LS_ERROR_BAD_VALUE);
	request.authorization = NULL;
	request.target = "/a b";
	assert_int_equal(http_write_request(&buf, &request, &fail), LS_ERROR_BAD_VALUE);
	assert_int_equal(buf.len, 0);
	ls_buf_done(&buf);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(reads_heads),           cmocka_unit_test(reads_fields),
	        cmocka_unit_test(refuses_heads),         cmocka_unit_test(refuses_nul),
	        cmocka_unit_test(bounds_heads),          cmocka_unit_test(finds_the_end),
	        cmocka_unit_test(reads_chunks_strictly), cmocka_unit_test(reads_sized_bodies),
	        cmocka_unit_test(bounds_trailers),       cmocka_unit_test(reads_queries),
	        cmocka_unit_test(reads_accepted_types),  cmocka_unit_test(writes_requests),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
