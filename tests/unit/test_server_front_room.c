/* SPDX-License-Identifier: Apache-2.0 */
/* The HTTP front when there is no room: who gets in, and who leaves. */
#include "server_front.h"

enum {
	CONNECTIONS = 16,            /* of the front */
	SHARE = CONNECTIONS / 4 * 3, /* of those without a credential */
};

static void reset(struct client *c)
{
	const struct linger now = {.l_onoff = 1};

	assert_int_equal(setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now)), 0);
	hang_up(c);
}

static size_t count(struct world *w)
{
	return httpd_counts(w->httpd).connections;
}

static bool is_served(struct client *c, const char *path)
{
	char text[200];

	forget(c);
	(void)snprintf(text, sizeof(text), "GET %s HTTP/1.1\r\n" END, path);
	push(c, text);
	WAIT_FOR(c->w, has_heard(c, "HTTP/1.1 200 OK") || c->ended);
	return !c->ended;
}

static struct httpd_limits few(void)
{
	struct httpd_limits limits = usual;

	limits.connections = CONNECTIONS;
	return limits;
}

/* --- connections --- */

/* What a client may do instead of sending a request. */
static const char *const unfinished[] = {
        "",
        "GET /a HTTP/1.1\r\nX: ",
        "POST /much HTTP/1.1\r\nContent-Length: 100\r\n" END "x",
        "POST /much HTTP/1.1\r\nTransfer-Encoding: chunked\r\n" END "5",
        "GET /shared HTTP/1.1\r\n" END, /* and then it does not read */
};

enum {
	KINDS = sizeof(unfinished) / sizeof(unfinished[0])
};

/* Five sources take all the room and send a byte now and then. */
static void a_newcomer_gets_in(void **state)
{
	struct client held[3 * CONNECTIONS], other;
	struct httpd_limits limits = few();
	char source[16];
	struct world w;
	size_t alive = 0;

	(void)state;
	for (size_t kind = 0; kind < KINDS; kind++) {
		open_world(&w, &limits);
		for (size_t i = 0; i < 3 * CONNECTIONS; i++) {
			(void)snprintf(source, sizeof(source), "127.0.0.%zu", 2 + i % 5);
			connect_from(&held[i], &w, false, source);
			push(&held[i], unfinished[kind]);
			turn(&w);
		}
		settle(&w);
		assert_true(count(&w) <= SHARE);
		for (size_t i = 0; kind > 0 && kind < 4 && i < 3 * CONNECTIONS; i++)
			push(&held[i], "x");
		/* From one of the five, too. */
		for (size_t i = 0; i < 10; i++) {
			connect_from(&other, &w, false, i % 2 ? "127.0.0.2" : "127.0.0.9");
			assert_true(is_served(&other, "/a"));
			hang_up(&other);
		}
		/* The oldest have left. */
		for (size_t i = 0; i < 3 * CONNECTIONS; i++) {
			if (kind < 4)
				(void)has_ended(&held[i]);
			alive += !held[i].ended;
			assert_true(kind == 4 || held[i].ended || i >= 2 * CONNECTIONS);
			hang_up(&held[i]);
		}
		assert_true(alive > 0);
		close_world(&w);
	}
}

/* Bytes do not make an unfinished request younger, whoever sends it. */
static void the_oldest_leaves(void **state)
{
	struct client old, idle, young[SHARE], other;
	struct httpd_limits limits = few();
	struct world w;

	(void)state;
	open_world(&w, &limits);
	connect_from(&old, &w, false, "127.0.0.3");
	push(&old, unfinished[1]);
	settle(&w);
	connect_from(&idle, &w, false, "127.0.0.4");
	settle(&w);
	for (size_t i = 0; i < SHARE - 2; i++) {
		connect_from(&young[i], &w, false, "127.0.0.2");
		turn(&w);
	}
	settle(&w);
	push(&old, "x");
	settle(&w);
	assert_false(has_ended(&old));
	connect_from(&other, &w, false, "127.0.0.2");
	WAIT_FOR(&w, has_ended(&old));
	assert_false(has_ended(&idle));
	hang_up(&other);
	WAIT_FOR(&w, count(&w) == SHARE - 1);
	/* A whole request does. */
	assert_true(is_served(&idle, "/a"));
	for (size_t i = 0; i < 2; i++) {
		connect_from(&young[SHARE - 2 + i], &w, false, "127.0.0.2");
		turn(&w);
	}
	WAIT_FOR(&w, has_ended(&young[0]));
	assert_false(has_ended(&idle));
	for (size_t i = 0; i < SHARE; i++)
		hang_up(&young[i]);
	hang_up(&old);
	hang_up(&idle);
	close_world(&w);
}

static void a_share_is_kept_for_the_known(void **state)
{
	struct client known[CONNECTIONS], strangers[3 * CONNECTIONS], other;
	struct httpd_limits limits = few();
	struct world w;

	(void)state;
	open_world(&w, &limits);
	/* One waits for its answer, the others are between two requests. */
	for (size_t i = 0; i < CONNECTIONS - SHARE; i++) {
		connect_to(&known[i], &w, false);
		if (i > 0)
			assert_true(is_served(&known[i], "/known/a"));
		else
			push(&known[0], "GET /known/wait HTTP/1.1\r\n" END);
	}
	WAIT_FOR(&w, w.held);
	for (size_t i = 0; i < 3 * CONNECTIONS; i++) {
		connect_from(&strangers[i], &w, false, "127.0.0.2");
		push(&strangers[i], unfinished[i % KINDS]);
		turn(&w);
	}
	settle(&w);
	assert_int_equal(count(&w), CONNECTIONS);
	answer(w.held, HTTP_STATUS_OK, "late", 4);
	expect(&known[0], "late");
	for (size_t i = 0; i < CONNECTIONS - SHARE; i++)
		assert_true(is_served(&known[i], "/known/b"));
	/* Who comes now, and has a credential, gets in too. */
	connect_to(&other, &w, false);
	assert_true(is_served(&other, "/known/c"));
	for (size_t i = 0; i < 3 * CONNECTIONS; i++)
		hang_up(&strangers[i]);
	for (size_t i = 0; i < CONNECTIONS - SHARE; i++)
		hang_up(&known[i]);
	hang_up(&other);
	close_world(&w);
}

/* When no stranger is left, the oldest idle one leaves; who is at work stays. */
static void the_known_make_room_too(void **state)
{
	struct client known[CONNECTIONS], waiting, other;
	struct httpd_limits limits = few();
	struct world w;

	(void)state;
	open_world(&w, &limits);
	connect_to(&waiting, &w, false);
	push(&waiting, "GET /known/wait HTTP/1.1\r\n" END);
	WAIT_FOR(&w, w.held);
	for (size_t i = 0; i < CONNECTIONS - 1; i++) {
		connect_to(&known[i], &w, false);
		assert_true(is_served(&known[i], "/known/a"));
	}
	connect_to(&other, &w, false);
	assert_true(is_served(&other, "/a"));
	assert_int_equal(count(&w), CONNECTIONS);
	assert_true(has_ended(&known[0]));
	assert_false(has_ended(&known[1]));
	assert_false(has_ended(&waiting));
	for (size_t i = 0; i < CONNECTIONS - 1; i++)
		hang_up(&known[i]);
	hang_up(&waiting);
	hang_up(&other);
	close_world(&w);
}

/* A credential does not make it a plan to begin requests and not to end them. */
static void the_known_with_half_a_request_make_room(void **state)
{
	struct client known[CONNECTIONS], other;
	struct httpd_limits limits = few();
	struct world w;

	(void)state;
	open_world(&w, &limits);
	for (size_t i = 0; i < CONNECTIONS; i++) {
		connect_to(&known[i], &w, false);
		assert_true(is_served(&known[i], "/known/a"));
		push(&known[i], unfinished[i % 2 ? 1 : 2]);
		settle(&w);
	}
	assert_int_equal(count(&w), CONNECTIONS);
	for (size_t i = 0; i < 3; i++) {
		connect_to(&other, &w, false);
		assert_true(is_served(&other, "/a"));
		assert_true(has_ended(&known[0]));
		hang_up(&other);
	}
	assert_false(has_ended(&known[CONNECTIONS - 1]));
	for (size_t i = 0; i < CONNECTIONS; i++)
		hang_up(&known[i]);
	close_world(&w);
}

static void all_at_work_is_full(void **state)
{
	struct client waiting[CONNECTIONS], other;
	struct httpd_limits limits = few();
	struct world w;

	(void)state;
	open_world(&w, &limits);
	for (size_t i = 0; i < CONNECTIONS; i++) {
		connect_to(&waiting[i], &w, false);
		push(&waiting[i],
		     i % 2 ? "GET /wait HTTP/1.1\r\n" END : "GET /known/wait HTTP/1.1\r\n" END);
		WAIT_FOR(&w, w.heads == i + 1);
	}
	connect_to(&other, &w, false);
	push(&other, "GET /a HTTP/1.1\r\n" END);
	WAIT_FOR(&w, has_ended(&other));
	assert_non_null(strstr(other.in, "HTTP/1.1 503 "));
	assert_non_null(strstr(other.in, "Retry-After: 5\r\n"));
	assert_int_equal(httpd_counts(w.httpd).turned_away, 1);
	hang_up(&other);
	for (size_t i = 0; i < CONNECTIONS; i++) {
		assert_false(has_ended(&waiting[i]));
		hang_up(&waiting[i]);
	}
	close_world(&w);
}

/* A proxy's idle connections are for all its clients. A request that does not end is not. */
static void proxies_keep_what_is_idle(void **state)
{
	struct ls_prefix prefix;
	struct client idle[4], slow, other[2 * CONNECTIONS];
	struct httpd_limits limits = few();
	struct world w;

	(void)state;
	assert_int_equal(ls_prefix_parse("127.0.0.7/32", &prefix), 0);
	proxies = (struct source_trust){.prefixes = &prefix, .count = 1};
	open_world(&w, &limits);
	for (size_t i = 0; i < 4; i++) {
		connect_from(&idle[i], &w, false, "127.0.0.7");
		if (i % 2)
			assert_true(is_served(&idle[i], "/known/a"));
	}
	connect_from(&slow, &w, false, "127.0.0.7");
	push(&slow, unfinished[1]);
	settle(&w);
	for (size_t i = 0; i < 2 * CONNECTIONS; i++) {
		connect_from(&other[i], &w, false, "127.0.0.2");
		turn(&w);
	}
	settle(&w);
	assert_true(has_ended(&slow));
	for (size_t i = 0; i < 4; i++) {
		assert_true(is_served(&idle[i], "/a"));
		hang_up(&idle[i]);
	}
	for (size_t i = 0; i < 2 * CONNECTIONS; i++)
		hang_up(&other[i]);
	hang_up(&slow);
	close_world(&w);
	proxies = (struct source_trust){0};
}

/* --- tenants --- */

static void a_tenant_has_few_requests(void **state)
{
	struct client c[5];
	struct world w;

	(void)state;
	open_world(&w, &usual);
	/* At work: the fourth is refused. */
	for (size_t i = 0; i < 4; i++) {
		connect_to(&c[i], &w, i % 2);
		push(&c[i], "GET /join/wait HTTP/1.1\r\n" END);
		WAIT_FOR(&w, w.heads == i + 1);
	}
	expect(&c[3], "HTTP/1.1 429 ");
	assert_int_equal(w.tenant.count, 3);
	assert_int_equal(w.refused, 1);
	/* One has ended: there is room for another. */
	answer(w.held, HTTP_STATUS_OK, "x", 1);
	assert_int_equal(w.tenant.count, 2);
	forget(&c[3]);
	assert_true(is_served(&c[3], "/join/a"));
	assert_int_equal(w.tenant.count, 2);
	reset(&c[0]);
	reset(&c[1]);
	WAIT_FOR(&w, w.empty == 1);
	assert_int_equal(w.tenant.count, 0);
	hang_up(&c[2]);
	hang_up(&c[3]);
	close_world(&w);
}

/* Answers that are not read count too; the oldest makes room for a new request. */
static void a_tenant_that_does_not_read(void **state)
{
	struct client c[8], work;
	struct world w;

	(void)state;
	open_world(&w, &usual);
	connect_to(&work, &w, false);
	push(&work, "GET /join/wait HTTP/1.1\r\n" END);
	WAIT_FOR(&w, w.held);
	for (size_t i = 0; i < 8; i++) {
		connect_to(&c[i], &w, i % 2);
		push(&c[i], "GET /known/join/large HTTP/1.1\r\n" END);
		WAIT_FOR(&w, w.heads == i + 2);
		settle(&w);
		assert_int_equal(w.tenant.count, i == 0 ? 2 : 3);
		assert_int_equal(httpd_in_flight(w.httpd), i == 0 ? 2 : 3);
	}
	assert_int_equal(w.refused, 0);
	WAIT_FOR(&w, has_ended(&c[0]));
	WAIT_FOR(&w, has_heard(&c[7], "HTTP/1.1 200 OK"));
	answer(w.held, HTTP_STATUS_OK, "x", 1);
	expect(&work, "HTTP/1.1 200 OK");
	for (size_t i = 0; i < 8; i++)
		hang_up(&c[i]);
	WAIT_FOR(&w, w.empty == 1);
	hang_up(&work);
	close_world(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(a_newcomer_gets_in),
	        cmocka_unit_test(the_oldest_leaves),
	        cmocka_unit_test(a_share_is_kept_for_the_known),
	        cmocka_unit_test(the_known_make_room_too),
	        cmocka_unit_test(the_known_with_half_a_request_make_room),
	        cmocka_unit_test(all_at_work_is_full),
	        cmocka_unit_test(proxies_keep_what_is_idle),
	        cmocka_unit_test(a_tenant_has_few_requests),
	        cmocka_unit_test(a_tenant_that_does_not_read),
	};

	(void)signal(SIGPIPE, SIG_IGN);
	ls_log_set_level(LS_LOG_ERROR);
	return cmocka_run_group_tests(tests, make_certificate, remove_certificate);
}
