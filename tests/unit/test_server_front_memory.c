/* SPDX-License-Identifier: Apache-2.0 */
/* How much memory of the HTTP front those hold who do not send or do not read. */
#include "server_front.h"

enum {
	CONNECTIONS = 12,
	MEMORY = 400 << 10,
};

static struct httpd_limits few(void)
{
	struct httpd_limits limits = usual;

	limits.memory = MEMORY;
	return limits;
}

/* Reads heads and bodies that do not end, in one turn after the other. */
static void check_unread(const char *head, size_t each, bool known)
{
	struct client c[CONNECTIONS];
	struct httpd_limits limits = few();
	size_t max = known ? MEMORY : MEMORY / 4, most = 0, ended = 0;
	struct world w;

	open_world(&w, &limits);
	for (size_t i = 0; i < CONNECTIONS; i++) {
		connect_to(&c[i], &w, i % 2);
		push(&c[i], head);
		push_much(&c[i], each);
		settle(&w);
		assert_true(memory(&w) <= max);
		if (memory(&w) > most)
			most = memory(&w);
	}
	assert_true(most > max / 2);
	assert_true(httpd_counts(w.httpd).evicted_memory > 0);
	/* The oldest have left. */
	for (size_t i = 0; i < CONNECTIONS; i++)
		ended += has_ended(&c[i]);
	assert_true(c[0].ended && ended < CONNECTIONS);
	for (size_t i = 0; i < CONNECTIONS; i++)
		hang_up(&c[i]);
	WAIT_FOR(&w, has_no_connection(&w));
	assert_int_equal(memory(&w), 0);
	close_world(&w);
}

static void unread_requests_have_a_budget(void **state)
{
	(void)state;
	memset(large, 'x', sizeof(large));
	check_unread("GET /a HTTP/1.1\r\nX: ", 15000, false);
	check_unread("POST /much HTTP/1.1\r\nContent-Length: 1000000\r\n" END, 50000, false);
	check_unread("POST /known/much HTTP/1.1\r\nContent-Length: 1000000\r\n" END, 120000, true);
}

/* A request that does not fit alone is told so. */
static void what_never_fits_is_refused(void **state)
{
	struct httpd_limits limits = few();
	struct client c;
	struct world w;

	(void)state;
	open_world(&w, &limits);
	connect_to(&c, &w, false);
	push(&c, "POST /much HTTP/1.1\r\nContent-Length: 1000000\r\n" END);
	push_much(&c, 1000000);
	WAIT_FOR(&w, has_ended(&c));
	assert_non_null(strstr(c.in, "HTTP/1.1 503 "));
	assert_int_equal(w.faults, 1);
	assert_int_equal(httpd_counts(w.httpd).no_memory, 1);
	assert_int_equal(memory(&w), 0);
	hang_up(&c);
	close_world(&w);
}

/* Bodies of those without a credential leave room for the others. */
static void strangers_leave_memory_to_the_known(void **state)
{
	struct client strangers[8], known;
	struct httpd_limits limits = few();
	struct world w;

	(void)state;
	open_world(&w, &limits);
	connect_to(&known, &w, false);
	push(&known, "POST /known/much HTTP/1.1\r\nContent-Length: 60000\r\n" END);
	push_much(&known, 50000);
	for (size_t i = 0; i < 8; i++) {
		connect_to(&strangers[i], &w, false);
		push(&strangers[i], "POST /much HTTP/1.1\r\nContent-Length: 90000\r\n" END);
		push_much(&strangers[i], 50000);
		settle(&w);
	}
	assert_false(has_ended(&known));
	push_much(&known, 10000);
	expect(&known, "HTTP/1.1 200 OK");
	for (size_t i = 0; i < 8; i++)
		hang_up(&strangers[i]);
	hang_up(&known);
	close_world(&w);
}

/* Who does not read its answer makes room for those who come later. */
static void unsent_answers_have_a_budget(void **state)
{
	struct client c[CONNECTIONS];
	struct httpd_limits limits = few();
	struct world w;

	(void)state;
	limits.memory = 4 * (sizeof(large) + 4096);
	for (int known = 0; known < 2; known++) {
		open_world(&w, &limits);
		for (size_t i = 0; i < 6; i++) {
			connect_to(&c[i], &w, i % 2);
			push(&c[i], known ? "GET /known/large HTTP/1.1\r\n" END
			                  : "GET /large HTTP/1.1\r\n" END);
			settle(&w);
			assert_true(memory(&w) <= limits.memory / (known ? 1 : 4));
		}
		assert_int_equal(httpd_counts(w.httpd).evicted_memory, known ? 2 : 5);
		WAIT_FOR(&w, has_ended(&c[0]));
		hear(&c[5]);
		assert_false(c[5].ended);
		for (size_t i = 0; i < 6; i++)
			hang_up(&c[i]);
		WAIT_FOR(&w, has_no_connection(&w));
		assert_int_equal(memory(&w), 0);
		close_world(&w);
	}
}

/* Text that others share takes no memory of an answer. */
static void shared_answers_cost_little(void **state)
{
	struct client c[8];
	struct httpd_limits limits = few();
	struct world w;

	(void)state;
	open_world(&w, &limits);
	for (size_t i = 0; i < 8; i++) {
		connect_to(&c[i], &w, false);
		push(&c[i], "GET /known/shared HTTP/1.1\r\n" END);
	}
	WAIT_FOR(&w, w.heads == 8);
	settle(&w);
	assert_int_equal(httpd_in_flight(w.httpd), 8);
	assert_true(memory(&w) < 8 * 1024);
	for (size_t i = 0; i < 8; i++)
		hang_up(&c[i]);
	close_world(&w);
}

/* HEAD has no body, so there is nothing to share, also when the answers do not fit into the socket.
 */
static void answers_to_head_share_nothing(void **state)
{
	static const char head[] = "HEAD /shared HTTP/1.1\r\n" END;
	struct httpd_limits limits = few();
	struct client c;
	struct world w;
	size_t len;

	(void)state;
	open_world(&w, &limits);
	connect_to(&c, &w, false);
	do {
		const char *text = head;

		len = sizeof(head) - 1;
		while (len > 0 && try_send(&c, &text, &len) && w.heads < 1000000)
			turn(&w);
		assert_true(memory(&w) <= MEMORY / 4);
	} while (httpd_in_flight(w.httpd) == 0 && w.heads < 1000000);
	assert_int_equal(httpd_in_flight(w.httpd), 1);
	assert_int_equal(httpd_counts(w.httpd).evicted_memory, 0);
	hang_up(&c);
	close_world(&w);
}

static long resident(void)
{
	FILE *file = fopen("/proc/self/statm", "r");
	char line[128], *rest = NULL;
	long pages;

	assert_non_null(fgets(line, sizeof(line), file));
	(void)fclose(file);
	(void)strtol(line, &rest, 10); /* the size of the address space */
	pages = strtol(rest, NULL, 10);
	assert_true(pages > 0);
	return pages * sysconf(_SC_PAGESIZE);
}

/* What was freed goes back to the system. Small pieces, which the C library would keep. */
static void the_heap_is_given_back(void **state)
{
	enum {
		MANY = 300
	};
	static struct client c[MANY];
	struct httpd_limits limits = usual;
	struct world w;
	long before, peak;

	(void)state;
	open_world(&w, &limits);
	before = resident();
	for (size_t i = 0; i < MANY; i++) {
		connect_to(&c[i], &w, false);
		push(&c[i], "GET /a HTTP/1.1\r\nX: ");
		push_much(&c[i], 15000);
	}
	WAIT_FOR(&w, memory(&w) >= (size_t)MANY * 15000);
	peak = resident();
	assert_true(peak - before > MANY * 15000L);
	/* The last ones stay, so that the end of the heap is in use. */
	for (size_t i = 0; i < MANY - 2; i++)
		hang_up(&c[i]);
	WAIT_FOR(&w, resident() - before < (peak - before) / 2);
	hang_up(&c[MANY - 2]);
	hang_up(&c[MANY - 1]);
	close_world(&w);
}

/* The kernel does not keep megabytes of an answer either. */
static void the_kernel_keeps_little(void **state)
{
	const struct httpd_connection *conn;
	struct client c;
	struct world w;

	(void)state;
	open_world(&w, &usual);
	connect_to(&c, &w, false);
	push(&c, "GET /shared HTTP/1.1\r\n" END);
	settle(&w);
	conn = LS_CONTAINER(w.httpd->connections.next, struct httpd_connection, link);
	assert_true(evbuffer_get_length(conn->out) > sizeof(large) - 4 * HTTP_UNSENT_MAX);
	hang_up(&c);
	close_world(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(unread_requests_have_a_budget),
	        cmocka_unit_test(what_never_fits_is_refused),
	        cmocka_unit_test(strangers_leave_memory_to_the_known),
	        cmocka_unit_test(unsent_answers_have_a_budget),
	        cmocka_unit_test(shared_answers_cost_little),
	        cmocka_unit_test(answers_to_head_share_nothing),
	        cmocka_unit_test(the_heap_is_given_back),
	        cmocka_unit_test(the_kernel_keeps_little),
	};

	(void)signal(SIGPIPE, SIG_IGN);
	ls_log_set_level(LS_LOG_ERROR);
	return cmocka_run_group_tests(tests, make_certificate, remove_certificate);
}
