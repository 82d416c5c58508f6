/* SPDX-License-Identifier: Apache-2.0 */
/* The HTTP front: requests, their bodies, refusals, deadlines. */
#include "server_front.h"

#include <inttypes.h>

/* --- requests --- */

static void check_keep_alive(bool tls)
{
	struct client c;
	struct world w;

	open_world(&w, &usual);
	connect_to(&c, &w, tls);
	say(&c, "GET /a HTTP/1.1\r\n" END);
	expect(&c, "\r\n\r\n/a");
	assert_non_null(strstr(c.in, "HTTP/1.1 200 OK\r\n"));
	assert_non_null(strstr(c.in, "Content-Length: 2\r\n"));
	assert_null(strstr(c.in, "Connection"));
	forget(&c);
	/* Byte by byte, with empty lines before it. */
	for (const char *p = "\r\n\r\nGET /bytes HTTP/1.1\r\n" END; *p != '\0'; p++) {
		say_bytes(&c, p, 1);
		turn(&w);
	}
	expect(&c, "\r\n\r\n/bytes");
	forget(&c);
	say(&c, "HEAD /head HTTP/1.1\r\n" END "GET /b HTTP/1.1\r\n" END
	        "POST /take HTTP/1.1\r\nContent-Length: 5\r\n" END "12345"
	        "POST /take HTTP/1.1\r\nTransfer-Encoding: chunked\r\n" END
	        "2\r\nab\r\n3\r\ncde\r\n0\r\n\r\n"
	        "GET /d HTTP/1.1\r\n" CLOSE "GET /not-seen HTTP/1.1\r\n" END);
	WAIT_FOR(&w, has_ended(&c));
	assert_int_equal(times(c.in, "HTTP/1.1 200 OK"), 5);
	assert_null(strstr(c.in, "/head"));
	assert_non_null(strstr(c.in, "Content-Length: 5\r\n\r\nHTTP/1.1 200 OK"));
	assert_true(strstr(c.in, "\r\n\r\n/b") < strstr(c.in, "\r\n\r\n12345"));
	assert_true(strstr(c.in, "\r\n\r\n12345") < strstr(c.in, "\r\n\r\nabcde"));
	assert_non_null(strstr(c.in, "Connection: close\r\n\r\n/d"));
	assert_int_equal(w.heads, 7);
	assert_int_equal(w.gone, 0);
	hang_up(&c);
	close_world(&w);
}

static void keeps_connections(void **state)
{
	(void)state;
	check_keep_alive(false);
	check_keep_alive(true);
}

static void speaks_http_1_0(void **state)
{
	struct client c;
	struct world w;

	(void)state;
	open_world(&w, &usual);
	connect_to(&c, &w, false);
	say(&c, "GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
	expect(&c, "\r\n\r\n/a");
	assert_non_null(strstr(c.in, "HTTP/1.0 200"));
	assert_non_null(strstr(c.in, "Connection: keep-alive\r\n"));
	say(&c, "GET /b HTTP/1.0\r\n\r\n");
	WAIT_FOR(&w, has_ended(&c));
	assert_non_null(strstr(c.in, "Connection: close\r\n\r\n/b"));
	hang_up(&c);
	close_world(&w);
}

/* A client that shuts its sending half behind its requests gets all answers. */
static void answers_the_half_closed(void **state)
{
	struct client c;
	struct world w;

	(void)state;
	open_world(&w, &usual);
	connect_to(&c, &w, false);
	say(&c, "GET /a HTTP/1.1\r\n" END "GET /wait HTTP/1.1\r\n" END "GET /b HTTP/1.1\r\n" END);
	assert_int_equal(shutdown(c.fd, SHUT_WR), 0);
	WAIT_FOR(&w, w.half_closed == 1);
	assert_int_equal(w.heads, 2);
	answer(w.held, HTTP_STATUS_OK, "late", 4);
	WAIT_FOR(&w, has_ended(&c));
	assert_int_equal(times(c.in, "200 OK"), 3);
	assert_true(strstr(c.in, "late") < strstr(c.in, "\r\n\r\n/b"));
	assert_int_equal(w.gone, 0);
	hang_up(&c);
	close_world(&w);
}

/* --- bodies --- */

static void decides_before_the_body(void **state)
{
	struct client c;
	struct world w;

	(void)state;
	open_world(&w, &usual);
	connect_to(&c, &w, false);
	say(&c, "POST /take HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 3\r\n" END);
	expect(&c, "HTTP/1.1 100 Continue\r\n\r\n");
	assert_int_equal(w.heads, 1);
	assert_int_equal(w.bodies, 0);
	forget(&c);
	say(&c, "abc");
	expect(&c, "\r\n\r\nabc");
	forget(&c);
	/* Who sends it at once needs no leave. */
	say(&c, "POST /take HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 3\r\n" END "abc");
	expect(&c, "\r\n\r\nabc");
	assert_null(strstr(c.in, "100 Continue"));
	forget(&c);
	/* Refused by the handler, or since it is too large: no leave, and no byte is waited for. */
	say(&c, "POST /take HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 11\r\n" END);
	WAIT_FOR(&w, has_ended(&c));
	assert_non_null(strstr(c.in, "HTTP/1.1 413 "));
	assert_non_null(strstr(c.in, "larger than 10 bytes"));
	assert_non_null(strstr(c.in, "Connection: close"));
	assert_null(strstr(c.in, "100 Continue"));
	hang_up(&c);
	connect_to(&c, &w, false);
	say(&c, "POST /refuse HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 3\r\n" END);
	WAIT_FOR(&w, has_ended(&c));
	assert_non_null(strstr(c.in, "HTTP/1.1 401 "));
	assert_null(strstr(c.in, "100 Continue"));
	hang_up(&c);
	close_world(&w);
}

/* The client first sends much of it, and then still reads the answer. */
static void check_unread_body(bool tls, const char *head, const char *status)
{
	struct client c;
	struct world w;

	open_world(&w, &usual);
	connect_to(&c, &w, tls);
	say(&c, head);
	say_bytes(&c, large, 1 << 20);
	WAIT_FOR(&w, has_ended(&c));
	if (!strstr(c.in, status) || times(c.in, "HTTP/1.1 ") != 1)
		fail_msg("%s: %s", head, c.in);
	assert_non_null(strstr(c.in, "Connection: close\r\n"));
	hang_up(&c);
	close_world(&w);
}

static void lingers_after_a_refusal(void **state)
{
	(void)state;
	for (int tls = 0; tls < 2; tls++) {
		check_unread_body(tls, "POST /refuse HTTP/1.1\r\nContent-Length: 8388608\r\n" END,
		                  "HTTP/1.1 401 ");
		check_unread_body(tls, "POST /take HTTP/1.1\r\nContent-Length: 8388608\r\n" END,
		                  "HTTP/1.1 413 ");
		check_unread_body(tls,
		                  "POST /take HTTP/1.1\r\nTransfer-Encoding: chunked\r\n" END
		                  "800000\r\n",
		                  "HTTP/1.1 413 ");
		check_unread_body(tls, "GET /ok HTTP/1.1\r\nContent-Length: 8388608\r\n" END,
		                  "HTTP/1.1 200 ");
	}
}

static const struct {
	const char *bytes;
	const char *status;
	const char *text;
	unsigned heads;
} faults[] = {
        {"GARBAGE\r\n\r\n", "HTTP/1.1 400 ", "not HTTP/1.1", 0},
        {"\x16\x03\x01", "HTTP/1.1 400 ", "not HTTP/1.1", 0},
        {"GET / HTTP/1.1\r\n\r\n", "HTTP/1.1 400 ", "Host", 0},
        {"GET //x/y HTTP/1.1\r\n" END, "HTTP/1.1 400 ", "not a path", 0},
        {"GET / HTTP/1.1\r\nExpect: x\r\n" END, "HTTP/1.1 417 ", "100-continue", 0},
        {"GET / HTTP/1.1\r\nTransfer-Encoding: x, chunked\r\n" END, "HTTP/1.1 501 ", "chunked", 0},
        {"POST /take HTTP/1.1\r\nTransfer-Encoding: chunked\r\n" END "0x2\r\nab\r\n0\r\n\r\n",
         "HTTP/1.1 400 ", "chunks", 1},
        {"POST /take HTTP/1.1\r\nTransfer-Encoding: chunked\r\n" END "2\r\nab\r\n9\r\n",
         "HTTP/1.1 413 ", "larger than 10 bytes", 1},
        {"GET /a HTTP/1.1\r\n" END "GARBAGE\r\n\r\nGET /b HTTP/1.1\r\n" END, "HTTP/1.1 400 ",
         "not HTTP/1.1", 1},
};

static void refuses_what_is_wrong(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
		struct client c;
		struct world w;

		open_world(&w, &usual);
		connect_to(&c, &w, i % 2 != 0);
		say(&c, faults[i].bytes);
		WAIT_FOR(&w, has_ended(&c));
		if (!strstr(c.in, faults[i].status) || !strstr(c.in, faults[i].text))
			fail_msg("%s: %s", faults[i].bytes, c.in);
		assert_int_equal(w.faults, 1);
		assert_int_equal(w.heads, faults[i].heads);
		assert_int_equal(httpd_in_flight(w.httpd), 0);
		hang_up(&c);
		close_world(&w);
	}
}

static void bounds_the_head(void **state)
{
	struct client c;
	struct world w;

	(void)state;
	open_world(&w, &usual);
	connect_to(&c, &w, false);
	say(&c, "GET / HTTP/1.1\r\nX: ");
	memset(large, 'x', sizeof(large));
	say_bytes(&c, large, sizeof(large));
	WAIT_FOR(&w, has_ended(&c));
	assert_non_null(strstr(c.in, "larger than 16 KiB"));
	hang_up(&c);
	close_world(&w);
}

static void tells_plain_http_so(void **state)
{
	struct client c;
	struct world w;
	int plain;

	(void)state;
	open_world(&w, &usual);
	plain = w.port;
	w.port = w.tls_port;
	connect_to(&c, &w, false);
	w.port = plain;
	say(&c, "GET / HTTP/1.1\r\n" END);
	say_bytes(&c, large, 100000);
	WAIT_FOR(&w, has_ended(&c));
	assert_non_null(strstr(c.in, "HTTP/1.1 400 "));
	assert_non_null(strstr(c.in, "this port speaks HTTPS"));
	hang_up(&c);
	close_world(&w);
}

/* --- deadlines --- */

static uint64_t ms_since(uint64_t start)
{
	return (ls_now_ns() - start) / LS_NS_PER_MS;
}

/* One deadline is short, all others long. Returns what the client got. */
static void check_deadline(struct httpd_limits limits, bool tls, const char *bytes,
                           const char *answered, unsigned gone)
{
	uint64_t start = ls_now_ns();
	struct client c;
	struct world w;

	open_world(&w, &limits);
	connect_to(&c, &w, tls);
	say(&c, bytes);
	WAIT_FOR(&w, has_ended(&c));
	assert_true(ms_since(start) >= 50);
	/* The client knows that nobody has cut the connection. */
	assert_true(!tls || SSL_get_shutdown(c.ssl) & SSL_RECEIVED_SHUTDOWN);
	if (answered ? !strstr(c.in, answered) : c.len > 0)
		fail_msg("%s: %s", bytes, c.in);
	assert_int_equal(w.gone, gone);
	hang_up(&c);
	close_world(&w);
}

static void has_deadlines(void **state)
{
	struct httpd_limits limits;

	(void)state;
	for (int tls = 0; tls < 2; tls++) {
		limits = usual;
		limits.idle_ms = 50;
		check_deadline(limits, tls, "", NULL, 0);
		check_deadline(limits, tls, "\r\n\r\n", NULL, 0);
		check_deadline(limits, tls, "GET /a HTTP/1.1\r\n" END, "\r\n\r\n/a", 0);
		limits = usual;
		limits.head_ms = 50;
		check_deadline(limits, tls, "GET /a HTTP/1.1\r\n", "HTTP/1.1 408 ", 0);
		check_deadline(limits, tls, "GET /a HTTP/1.1\r\n" END "G", "HTTP/1.1 408 ", 0);
		limits = usual;
		limits.body_ms = 50;
		check_deadline(limits, tls, "POST /take HTTP/1.1\r\nContent-Length: 9\r\n" END "a",
		               "HTTP/1.1 408 ", 0);
	}
}

/* A byte now and then does not move the deadline. */
static void has_deadlines_for_the_slow(void **state)
{
	struct httpd_limits limits = usual;
	static const char bytes[] = "GET /a HTTP/1.1\r\nX: ";
	struct client c;
	struct world w;

	(void)state;
	limits.head_ms = 100;
	open_world(&w, &limits);
	connect_to(&c, &w, false);
	say(&c, bytes);
	while (!has_heard(&c, "HTTP/1.1 408 ")) {
		const char *one = "x";
		size_t len = 1;

		(void)try_send(&c, &one, &len);
		turn(&w);
	}
	hang_up(&c);
	close_world(&w);
}

static void has_a_deadline_for_handshakes(void **state)
{
	struct httpd_limits limits = usual;
	struct client c;
	struct world w;
	int plain;

	(void)state;
	limits.handshake_ms = 50;
	open_world(&w, &limits);
	plain = w.port;
	w.port = w.tls_port;
	connect_to(&c, &w, false);
	w.port = plain;
	say_bytes(&c, "\x16\x03\x01", 3);
	WAIT_FOR(&w, has_ended(&c));
	assert_int_equal(c.len, 0);
	hang_up(&c);
	close_world(&w);
}

static void has_a_deadline_for_answers(void **state)
{
	struct httpd_limits limits = usual;
	struct client c;
	struct world w;

	(void)state;
	for (int tls = 0; tls < 2; tls++) {
		limits.answer_ms = 50;
		limits.bytes_per_ms = 1 << 20;
		open_world(&w, &limits);
		connect_to(&c, &w, tls);
		say(&c, "GET /large HTTP/1.1\r\n" END);
		WAIT_FOR(&w, w.heads == 1);
		WAIT_FOR(&w, has_no_connection(&w));
		assert_int_equal(httpd_in_flight(w.httpd), 0);
		assert_int_equal(w.gone, 0);
		hang_up(&c);
		/* Nor does one that got its last answer stay for ever. */
		limits = usual;
		limits.linger_ms = 50;
		w.httpd->limits = limits;
		connect_to(&c, &w, tls);
		say(&c, "GET /a HTTP/1.1\r\n" CLOSE);
		expect(&c, "\r\n\r\n/a");
		WAIT_FOR(&w, has_no_connection(&w));
		hang_up(&c);
		close_world(&w);
		limits = usual;
	}
}

/* The time for a body of this length, in nanoseconds, does not fit into 64 bits. */
static void has_deadlines_after_a_refusal(void **state)
{
	const uint64_t ms = UINT64_MAX / LS_NS_PER_MS - usual.body_ms;
	struct httpd_limits limits = usual;
	struct client c;
	struct world w;
	char head[128];

	(void)state;
	limits.linger_ms = 50;
	(void)snprintf(head, sizeof(head),
	               "POST /take HTTP/1.1\r\nContent-Length: %" PRIu64 "\r\n" END,
	               ms * usual.bytes_per_ms);
	for (int tls = 0; tls < 2; tls++) {
		open_world(&w, &limits);
		connect_to(&c, &w, tls);
		say(&c, head);
		expect(&c, "HTTP/1.1 413 ");
		/* The client does not close. */
		WAIT_FOR(&w, has_no_connection(&w));
		hang_up(&c);
		close_world(&w);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(keeps_connections),
	        cmocka_unit_test(speaks_http_1_0),
	        cmocka_unit_test(answers_the_half_closed),
	        cmocka_unit_test(decides_before_the_body),
	        cmocka_unit_test(lingers_after_a_refusal),
	        cmocka_unit_test(refuses_what_is_wrong),
	        cmocka_unit_test(bounds_the_head),
	        cmocka_unit_test(tells_plain_http_so),
	        cmocka_unit_test(has_deadlines),
	        cmocka_unit_test(has_deadlines_for_the_slow),
	        cmocka_unit_test(has_a_deadline_for_handshakes),
	        cmocka_unit_test(has_a_deadline_for_answers),
	        cmocka_unit_test(has_deadlines_after_a_refusal),
	};

	(void)signal(SIGPIPE, SIG_IGN);
	ls_log_set_level(LS_LOG_ERROR);
	return cmocka_run_group_tests(tests, make_certificate, remove_certificate);
}
