/* SPDX-License-Identifier: Apache-2.0 */
/* The least rate at which the HTTP front reads bodies, and clients read its answers. */
#include "server_front.h"

/* A body that comes byte by byte ends when its time without any byte is over, however long it is.
 */
static void bodies_have_a_least_rate(void **state)
{
	struct httpd_limits limits = usual;
	uint64_t start;
	struct client c;
	struct world w;

	(void)state;
	limits.body_ms = 200;
	open_world(&w, &limits);
	for (int tls = 0; tls < 2; tls++) {
		connect_to(&c, &w, tls);
		push(&c, "POST /much HTTP/1.1\r\nContent-Length: 1000000\r\n" END);
		start = ls_now_ns();
		for (uint64_t sent = 0; !has_heard(&c, "HTTP/1.1 408 "); sent++) {
			const uint64_t due = start + sent * LS_NS_PER_MS;

			push(&c, "x");
			WAIT_FOR(&w, ls_now_ns() >= due);
			assert_true(sent < PATIENCE_MS);
		}
		hang_up(&c);
		/* At a good rate it may take as long as it likes. */
		connect_to(&c, &w, tls);
		push(&c, "POST /much HTTP/1.1\r\nContent-Length: 200000\r\n" END);
		start = ls_now_ns();
		for (size_t sent = 0; sent < 200000; sent += 10000) {
			const uint64_t due = start + sent / 10000 * 30 * LS_NS_PER_MS;

			WAIT_FOR(&w, ls_now_ns() >= due);
			push_much(&c, 10000);
		}
		expect(&c, "HTTP/1.1 200 OK");
		assert_true(ls_now_ns() - start > 2 * limits.body_ms * LS_NS_PER_MS);
		hang_up(&c);
	}
	close_world(&w);
}

static void answers_have_a_least_rate(void **state)
{
	struct httpd_limits limits = usual;
	struct client c;
	struct world w;

	(void)state;
	limits.answer_ms = 100;
	limits.bytes_per_ms = 4096;
	open_world(&w, &limits);
	for (int tls = 0; tls < 2; tls++) {
		uint64_t start = ls_now_ns();

		connect_to(&c, &w, tls);
		push(&c, "GET /shared HTTP/1.1\r\n" END);
		WAIT_FOR(&w, w.heads == (unsigned)tls + 1);
		WAIT_FOR(&w, has_no_connection(&w));
		/* Not so long as the whole answer would take. */
		assert_true(ls_now_ns() - start < sizeof(large) / 4096 * LS_NS_PER_MS);
		hang_up(&c);
	}
	close_world(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(bodies_have_a_least_rate),
	        cmocka_unit_test(answers_have_a_least_rate),
	};

	(void)signal(SIGPIPE, SIG_IGN);
	ls_log_set_level(LS_LOG_ERROR);
	return cmocka_run_group_tests(tests, make_certificate, remove_certificate);
}
