/* SPDX-License-Identifier: Apache-2.0 */
/* The reader of answers, which gets its input whole and byte by byte; and the writer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "http/answer.h"

enum {
	BODY_MAX = 64,
};

#define OK      "HTTP/1.1 200 OK\r\n"
#define CHUNKED OK "Transfer-Encoding: chunked\r\n\r\n"

static const struct {
	const char *bytes; /* then the connection ends */
	int code;          /* 0: an answer */
	int status;
	const char *body;
	bool keep_alive;
	const char *problem;
} answers[] = {
        {OK "Content-Length: 2\r\n\r\nhi", 0, 200, "hi", true, NULL},
        {OK "content-LENGTH:2\r\nX: \xff\r\n\r\nhi", 0, 200, "hi", true, NULL},
        {"HTTP/1.1 404\r\nContent-Length: 0\r\n\r\n", 0, 404, "", true, NULL},
        {"HTTP/1.1 204 No Content\n\n", 0, 204, "", true, NULL},
        {"HTTP/1.1 100 Continue\r\n\r\n" OK "Content-Length: 0\r\n\r\n", 0, 200, "", true, NULL},
        {"HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\nx", 0, 200, "x", false, NULL},
        {"HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\nContent-Length: 1\r\n\r\nx", 0, 200, "x",
         true, NULL},
        {OK "Connection: te, CLOSE\r\nContent-Length: 1\r\n\r\nx", 0, 200, "x", false, NULL},
        {OK "\r\nall of it", 0, 200, "all of it", false, NULL},
        {CHUNKED "2\r\nhi\r\n3;x=y\r\nabc\r\n0\r\n\r\n", 0, 200, "hiabc", true, NULL},
        {CHUNKED "0002 \r\nhi\r\n000\r\nTrailer: x\r\n\r\n", 0, 200, "hi", true, NULL},
        {OK "Content-Length: 9\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n", 0, 200,
         "x", false, NULL},
        {"", LS_ERROR_UNREACHABLE, 0, NULL, false, "connection broke"},
        {"HTTP/1.1 2", LS_ERROR_UNREACHABLE, 0, NULL, false, "connection broke"},
        {OK "Content-Length: 3\r\n\r\nhi", LS_ERROR_UNREACHABLE, 0, NULL, false, "broke"},
        {CHUNKED "2\r\nhi\r\n", LS_ERROR_UNREACHABLE, 0, NULL, false, "connection broke"},
        {"SSH-2.0-OpenSSH\r\n", LS_ERROR_SYNTAX, 0, NULL, false, "not HTTP"},
        {"HTTQ", LS_ERROR_SYNTAX, 0, NULL, false, "not HTTP"},
        {"HTTP/2.0 200\r\n\r\n", LS_ERROR_SYNTAX, 0, NULL, false, "not HTTP"},
        {"HTTP/1.1 99 x\r\n\r\n", LS_ERROR_SYNTAX, 0, NULL, false, "not HTTP"},
        {"HTTP/1.1 2000\r\n\r\n", LS_ERROR_SYNTAX, 0, NULL, false, "not HTTP"},
        {"\x15\x03\x01", LS_ERROR_SYNTAX, 0, NULL, false, "the port speaks TLS"},
        {OK "no colon\r\n\r\n", LS_ERROR_SYNTAX, 0, NULL, false, "not HTTP"},
        {OK "A: b\r\n folded\r\n\r\n", LS_ERROR_SYNTAX, 0, NULL, false, "not HTTP"},
        {OK "Blank : b\r\n\r\n", LS_ERROR_SYNTAX, 0, NULL, false, "not HTTP"},
        {OK "Content-Length: -1\r\n\r\n", LS_ERROR_SYNTAX, 0, NULL, false, "not a number"},
        {OK "Content-Length: 1\r\nContent-Length: 2\r\n\r\nxx", LS_ERROR_SYNTAX, 0, NULL, false,
         "not a number"},
        {OK "Content-Length: 65\r\n\r\n", LS_ERROR_LIMIT, 0, NULL, false, "too large"},
        {OK "Transfer-Encoding: gzip\r\n\r\n", LS_ERROR_SYNTAX, 0, NULL, false, "unknown"},
        {CHUNKED "x\r\n", LS_ERROR_SYNTAX, 0, NULL, false, "chunks do not parse"},
        {CHUNKED "2\r\nhix\r\n", LS_ERROR_SYNTAX, 0, NULL, false, "chunks do not parse"},
        {CHUNKED "000000001\r\n", LS_ERROR_SYNTAX, 0, NULL, false, "chunks do not parse"},
        {CHUNKED "40\r\n", LS_ERROR_UNREACHABLE, 0, NULL, false, "connection broke"},
        {CHUNKED "41\r\n", LS_ERROR_LIMIT, 0, NULL, false, "too large"},
        {CHUNKED "ffffffff\r\n", LS_ERROR_LIMIT, 0, NULL, false, "too large"},
};

static void check_answer(size_t i, size_t step)
{
	const char *bytes = answers[i].bytes;
	size_t len = strlen(bytes);
	struct http_reader reader;

	http_reader_init(&reader, BODY_MAX, false);
	assert_true(http_reader_is_empty(&reader));
	for (size_t at = 0; at < len; at += step)
		(void)http_reader_feed(&reader, bytes + at, len - at < step ? len - at : step);
	http_reader_end(&reader);
	if (answers[i].code < 0) {
		assert_int_equal(reader.state, HTTP_FAILED);
		assert_int_equal(reader.code, answers[i].code);
		if (!strstr(reader.problem, answers[i].problem))
			fail_msg("%s: %s", bytes, reader.problem);
	} else {
		if (reader.state != HTTP_DONE)
			fail_msg("%s: %s", bytes, reader.problem);
		assert_int_equal(reader.status, answers[i].status);
		assert_string_equal(ls_buf_text(&reader.body.content), answers[i].body);
		assert_int_equal(reader.keep_alive, answers[i].keep_alive);
	}
	http_reader_done(&reader);
}

static void reads_answers(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
		check_answer(i, 1000);
		check_answer(i, 1);
		check_answer(i, 7);
	}
}

static void reads_when_to_come_back(void **state)
{
	static const struct {
		const char *headers;
		unsigned seconds;
	} cases[] = {
	        {"", 0},
	        {"Retry-After: 5\r\n", 5},
	        {"retry-AFTER:120 \r\n", 120},
	        {"Retry-After: 0\r\n", 0},
	        {"Retry-After: -5\r\n", 0},
	        {"Retry-After: 5 s\r\n", 0},
	        {"Retry-After: 99999999999999999999\r\n", 0},
	        {"Retry-After: Wed, 21 Oct 2026 07:28:00 GMT\r\n", 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct http_reader reader;
		char bytes[256];

		/* What an interim answer says is not the answer's. */
		(void)snprintf(bytes, sizeof(bytes),
		               "HTTP/1.1 100 Continue\r\nRetry-After: 9\r\n\r\n"
		               "HTTP/1.1 503 x\r\n%sContent-Length: 0\r\n\r\n",
		               cases[i].headers);
		http_reader_init(&reader, BODY_MAX, false);
		(void)http_reader_feed(&reader, bytes, strlen(bytes));
		assert_int_equal(reader.state, HTTP_DONE);
		assert_int_equal(reader.status, 503);
		assert_int_equal(reader.retry_after_s, cases[i].seconds);
		http_reader_done(&reader);
	}
}

static void stops_after_an_answer(void **state)
{
	static const char bytes[] = OK "Content-Length: 2\r\n\r\nhinext";
	struct http_reader reader;

	(void)state;
	http_reader_init(&reader, BODY_MAX, false);
	assert_int_equal(http_reader_feed(&reader, bytes, strlen(bytes)),
	                 strlen(bytes) - strlen("next"));
	assert_int_equal(reader.state, HTTP_DONE);
	assert_int_equal(http_reader_feed(&reader, "x", 1), 0);
	http_reader_done(&reader);
}

static void a_tunnel_has_no_body(void **state)
{
	static const char bytes[] = OK "Content-Length: 2\r\n\r\n";
	struct http_reader reader;

	(void)state;
	http_reader_init(&reader, BODY_MAX, true);
	assert_int_equal(http_reader_feed(&reader, bytes, strlen(bytes)), strlen(bytes));
	assert_int_equal(reader.state, HTTP_DONE);
	http_reader_done(&reader);
}

/* Headers without an end, and chunks by the thousand: only the first is limited by the head's. */
static void bounds_the_head(void **state)
{
	static const char chunk[] = "1\r\nx\r\n";
	struct http_reader reader;
	size_t fed = 0;

	(void)state;
	http_reader_init(&reader, SIZE_MAX, false);
	assert_int_equal(http_reader_feed(&reader, OK, strlen(OK)), strlen(OK));
	while (reader.state == HTTP_HEADERS && fed < 4 * (size_t)HTTP_HEAD_MAX)
		fed += http_reader_feed(&reader, "X: y\r\n", 6);
	assert_int_equal(reader.code, LS_ERROR_LIMIT);
	assert_true(fed <= HTTP_HEAD_MAX);
	http_reader_done(&reader);
	http_reader_init(&reader, SIZE_MAX, false);
	(void)http_reader_feed(&reader, CHUNKED, strlen(CHUNKED));
	for (int i = 0; i < 20000; i++) {
		assert_int_equal(http_reader_feed(&reader, chunk, 2), 2);
		assert_int_equal(http_reader_feed(&reader, chunk + 2, 4), 4);
	}
	assert_int_equal(reader.body.content.len, 20000);
	http_reader_done(&reader);
}

static void bounds_a_body_without_length(void **state)
{
	static const char bytes[] = OK "\r\n0123456789012345678901234567890123456789"
	                               "0123456789012345678901234567890123456789";
	struct http_reader reader;

	(void)state;
	http_reader_init(&reader, BODY_MAX, false);
	(void)http_reader_feed(&reader, bytes, strlen(bytes));
	assert_int_equal(reader.code, LS_ERROR_LIMIT);
	http_reader_done(&reader);
}

static void writes_answers(void **state)
{
	static const struct http_field fields[] = {{"Allow", "GET"}, {"Retry-After", "5"}};
	struct http_answer answer = {.minor = 1,
	                             .status = HTTP_STATUS_BAD_METHOD,
	                             .now_s = 784111777,
	                             .type = "application/json",
	                             .length = 2,
	                             .keep_alive = true,
	                             .fields = fields,
	                             .field_count = 2};
	struct ls_buf buf = {0};

	(void)state;
	http_write_answer(&buf, &answer);
	assert_string_equal(ls_buf_text(&buf),
	                    "HTTP/1.1 405 Method Not Allowed\r\n"
	                    "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
	                    "Content-Type: application/json\r\nContent-Length: 2\r\n"
	                    "Allow: GET\r\nRetry-After: 5\r\n\r\n");
	ls_buf_reset(&buf);
	answer = (struct http_answer){.status = HTTP_STATUS_NO_CONTENT};
	http_write_answer(&buf, &answer);
	assert_string_equal(ls_buf_text(&buf), "HTTP/1.0 204 No Content\r\n"
	                                       "Date: Thu, 01 Jan 1970 00:00:00 GMT\r\n"
	                                       "Connection: close\r\n\r\n");
	ls_buf_reset(&buf);
	answer = (struct http_answer){.status = HTTP_STATUS_OK, .keep_alive = true};
	http_write_answer(&buf, &answer);
	assert_non_null(strstr(ls_buf_text(&buf), "Content-Length: 0\r\n"));
	assert_non_null(strstr(ls_buf_text(&buf), "Connection: keep-alive\r\n"));
	ls_buf_reset(&buf);
	answer = (struct http_answer){.minor = 1, .status = HTTP_STATUS_NOT_IMPLEMENTED};
	http_write_answer(&buf, &answer);
	assert_true(ls_str_starts(ls_buf_text(&buf), "HTTP/1.1 501 Not Implemented\r\n"));
	ls_buf_done(&buf);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(reads_answers),
	        cmocka_unit_test(reads_when_to_come_back),
	        cmocka_unit_test(stops_after_an_answer),
	        cmocka_unit_test(a_tunnel_has_no_body),
	        cmocka_unit_test(bounds_the_head),
	        cmocka_unit_test(bounds_a_body_without_length),
	        cmocka_unit_test(writes_answers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
