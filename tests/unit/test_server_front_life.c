/* SPDX-License-Identifier: Apache-2.0 */
/* The HTTP front: clients that wait, leave or do not read; connections that are handed over;
 * and how the front stops. */
#include "server_front.h"

#include <pthread.h>

/* --- who waits, and who goes --- */

static void check_large_answer(bool tls)
{
	struct client c;
	struct world w;
	const char *body;

	for (size_t i = 0; i < sizeof(large); i++)
		large[i] = (char)('a' + i % 23);
	open_world(&w, &usual);
	connect_to(&c, &w, tls);
	say(&c, "GET /large HTTP/1.1\r\n" END "GET /after HTTP/1.1\r\n" CLOSE);
	/* It does not read for a while: nothing else of it is looked at. */
	for (int i = 0; i < 20; i++)
		turn(&w);
	assert_int_equal(w.heads, 1);
	assert_int_equal(httpd_in_flight(w.httpd), 1);
	WAIT_FOR(&w, has_ended(&c));
	assert_int_equal(w.heads, 2);
	body = strstr(c.in, "\r\n\r\n") + 4;
	assert_memory_equal(body, large, sizeof(large));
	assert_non_null(strstr(body + sizeof(large), "\r\n\r\n/after"));
	hang_up(&c);
	close_world(&w);
}

static void sends_large_answers(void **state)
{
	(void)state;
	check_large_answer(false);
	check_large_answer(true);
}

static void answers_later_in_order(void **state)
{
	struct client c;
	struct world w;

	(void)state;
	for (int tls = 0; tls < 2; tls++) {
		open_world(&w, &usual);
		connect_to(&c, &w, tls);
		say(&c, "GET /wait HTTP/1.1\r\n" END);
		WAIT_FOR(&w, w.held);
		say(&c, "GET /next HTTP/1.1\r\n" END);
		for (int i = 0; i < 10; i++)
			turn(&w);
		assert_int_equal(w.heads, 1);
		answer(w.held, HTTP_STATUS_OK, "first", 5);
		expect(&c, "\r\n\r\n/next");
		assert_true(strstr(c.in, "first") < strstr(c.in, "/next"));
		assert_int_equal(w.gone + w.half_closed, 0);
		hang_up(&c);
		close_world(&w);
	}
}

/* Sends all the time, while its request waits: only so much of it is taken. */
static void takes_little_ahead(void **state)
{
	const char *data = large;
	size_t left = sizeof(large), before = 0;
	struct client c;
	struct world w;

	(void)state;
	open_world(&w, &usual);
	connect_to(&c, &w, false);
	say(&c, "GET /wait HTTP/1.1\r\n" END);
	WAIT_FOR(&w, w.held);
	for (int same = 0; same < 20; same = left == before ? same + 1 : 0) {
		before = left;
		assert_true(try_send(&c, &data, &left));
		turn(&w);
	}
	assert_true(w.held && left > 0);
	/* A reset of it is found when it is answered. */
	hang_up(&c);
	answer(w.held, HTTP_STATUS_OK, "x", 1);
	WAIT_FOR(&w, httpd_in_flight(w.httpd) == 0);
	close_world(&w);
}

static void tells_who_is_gone(void **state)
{
	const struct linger reset = {.l_onoff = 1};
	struct client c;
	struct world w;

	(void)state;
	for (int tls = 0; tls < 2; tls++) {
		open_world(&w, &usual);
		connect_to(&c, &w, tls);
		say(&c, "GET /wait HTTP/1.1\r\n" END);
		WAIT_FOR(&w, w.held);
		assert_int_equal(setsockopt(c.fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset)), 0);
		hang_up(&c);
		WAIT_FOR(&w, w.gone == 1);
		assert_int_equal(httpd_in_flight(w.httpd), 0);
		/* In the middle of a body. */
		connect_to(&c, &w, tls);
		say(&c, "POST /take HTTP/1.1\r\nContent-Length: 9\r\n" END "abc");
		WAIT_FOR(&w, w.heads == 2);
		hang_up(&c);
		WAIT_FOR(&w, w.gone == 2);
		close_world(&w);
	}
}

static void tells_when_it_ends_itself(void **state)
{
	struct client c;
	struct world w;

	(void)state;
	open_world(&w, &usual);
	connect_to(&c, &w, true);
	say(&c, "GET /wait HTTP/1.1\r\n" END);
	WAIT_FOR(&w, w.held);
	httpd_free(w.httpd);
	w.httpd = NULL;
	assert_int_equal(w.gone, 1);
	hang_up(&c);
	close_world(&w);
}

/* --- detached connections --- */

/* The new owner: a thread with a loop of its own, which echoes. */
struct echo {
	struct httpd_detached *detached;
	struct event_base *base;
	char kept[4096];
	size_t len;
	bool ended;
};

static void echo_some(void *arg, short what)
{
	struct echo *echo = arg;
	struct httpd_stream *stream = httpd_detached_stream(echo->detached);
	ssize_t n = 0;

	(void)what;
	for (;;) {
		if (echo->len == 0 && !echo->ended) {
			n = httpd_stream_read(stream, echo->kept, sizeof(echo->kept));
			if (n == -EAGAIN)
				break;
			echo->ended = n <= 0;
			echo->len = n > 0 ? (size_t)n : 0;
		}
		if (echo->len == 0)
			break;
		n = httpd_stream_write(stream, echo->kept, echo->len);
		if (n <= 0)
			break;
		echo->len -= (size_t)n;
		memmove(echo->kept, echo->kept + n, echo->len);
	}
	if (echo->ended && echo->len == 0)
		(void)event_base_loopbreak(echo->base);
	else
		httpd_stream_wait(stream, echo->len > 0 ? EV_WRITE : EV_READ);
}

static void *run_echo(void *arg)
{
	static const char switching[] = "HTTP/1.1 101 Switching Protocols\r\n\r\n";
	struct echo *echo = arg;
	struct httpd_stream *stream = httpd_detached_stream(echo->detached);
	const char *ahead = httpd_detached_ahead(echo->detached, &echo->len);
	const size_t len = sizeof(switching) - 1;

	echo->base = event_base_new();
	if (echo->len > 0)
		memcpy(echo->kept, ahead, echo->len);
	if (httpd_stream_write(stream, switching, len) != (ssize_t)len)
		return NULL;
	httpd_stream_attach(stream, echo->base, echo_some, echo);
	httpd_stream_wait(stream, EV_READ);
	httpd_stream_wake(stream);
	(void)event_base_dispatch(echo->base);
	httpd_detached_free(echo->detached);
	event_base_free(echo->base);
	return echo;
}

static void check_upgrade(bool tls, bool later)
{
	struct echo echo = {0};
	const char *data = large;
	size_t left = 1 << 20, start;
	void *result = NULL;
	pthread_t thread;
	struct client c;
	struct world w;

	open_world(&w, &usual);
	connect_to(&c, &w, tls);
	if (later) {
		/* It was a connection like any other before. */
		say(&c, "GET /a HTTP/1.1\r\n" END);
		expect(&c, "\r\n\r\n/a");
		forget(&c);
		say(&c, "GET /wait HTTP/1.1\r\n" END "early ");
		WAIT_FOR(&w, w.held && w.held->behind == NULL);
		w.detached = httpd_request_detach(w.held);
	} else {
		say(&c,
		    "GET /upgrade HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: x\r\n" END "early ");
		WAIT_FOR(&w, w.detached);
	}
	assert_int_equal(httpd_in_flight(w.httpd), 0);
	assert_true(has_no_connection(&w));
	assert_false(ls_list_empty(&w.httpd->detached));
	echo.detached = w.detached;
	w.detached = NULL;
	assert_int_equal(pthread_create(&thread, NULL, run_echo, &echo), 0);
	expect(&c, "101 Switching Protocols\r\n\r\nearly ");
	start = c.len;
	while (left > 0 || c.len < start + (1 << 20)) {
		if (left > 0)
			assert_true(try_send(&c, &data, &left));
		hear(&c);
		assert_false(c.ended);
	}
	assert_memory_equal(c.in + start, large, 1 << 20);
	hang_up(&c);
	assert_int_equal(pthread_join(thread, &result), 0);
	assert_ptr_equal(result, &echo);
	assert_true(ls_list_empty(&w.httpd->detached));
	assert_int_equal(w.gone, 0);
	close_world(&w);
}

static void hands_connections_over(void **state)
{
	(void)state;
	check_upgrade(false, false);
	check_upgrade(true, false);
	check_upgrade(false, true);
	check_upgrade(true, true);
}

/* --- the end --- */

static void on_stopped(void *arg)
{
	struct world *w = arg;

	w->stopped = true;
}

static void stops_when_all_is_answered(void **state)
{
	struct client idle, waiting;
	struct world w;

	(void)state;
	open_world(&w, &usual);
	connect_to(&idle, &w, false);
	connect_to(&waiting, &w, true);
	say(&waiting, "GET /wait HTTP/1.1\r\n" END);
	WAIT_FOR(&w, w.held);
	httpd_stop(w.httpd, on_stopped, &w);
	for (int i = 0; i < 50; i++)
		turn(&w);
	assert_false(w.stopped);
	answer(w.held, HTTP_STATUS_OK, "bye", 3);
	WAIT_FOR(&w, w.stopped);
	WAIT_FOR(&w, has_ended(&waiting));
	assert_non_null(strstr(waiting.in, "Connection: close\r\n\r\nbye"));
	hang_up(&idle);
	hang_up(&waiting);
	close_world(&w);
}

static void does_not_wait_for_ever_to_stop(void **state)
{
	struct httpd_limits limits = usual;
	struct client c;
	struct world w;

	(void)state;
	limits.stop_grace_ms = 60;
	open_world(&w, &limits);
	connect_to(&c, &w, false);
	say(&c, "GET /wait HTTP/1.1\r\n" END);
	WAIT_FOR(&w, w.held);
	httpd_stop(w.httpd, on_stopped, &w);
	WAIT_FOR(&w, w.stopped);
	assert_int_equal(httpd_in_flight(w.httpd), 1);
	hang_up(&c);
	close_world(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(sends_large_answers),
	        cmocka_unit_test(answers_later_in_order),
	        cmocka_unit_test(takes_little_ahead),
	        cmocka_unit_test(tells_who_is_gone),
	        cmocka_unit_test(tells_when_it_ends_itself),
	        cmocka_unit_test(hands_connections_over),
	        cmocka_unit_test(stops_when_all_is_answered),
	        cmocka_unit_test(does_not_wait_for_ever_to_stop),
	};

	(void)signal(SIGPIPE, SIG_IGN);
	ls_log_set_level(LS_LOG_ERROR);
	return cmocka_run_group_tests(tests, make_certificate, remove_certificate);
}
