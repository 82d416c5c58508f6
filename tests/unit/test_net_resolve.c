/* SPDX-License-Identifier: Apache-2.0 */
/* The resolver with a name server that answers when the test tells it to.
 * tests/net/test_resolver.py tests end to end how resolv.conf and the hosts file affect a
 * lookup. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <event2/event.h>
#include <stdbool.h>

#include "base/clock.h"
#include "base/mem.h"
#include "name_server.h"
#include "net/resolve.h"
#include "net/socket.h"
#include "skip.h"

enum {
	ANSWERS_MAX = 2,
	WAIT_MS = 5000,
	TICK_MS = 10, /* libevent reads a coarse clock: its timers may fire a kernel tick early */
	MARK = 0x4c53,
};

static struct event_base *base;
static struct resolver *resolver;

static struct {
	struct ls_ip addresses[ANSWERS_MAX][LOOKUP_ADDRESSES_MAX];
	size_t counts[ANSWERS_MAX];
	const char *reason;
	size_t count;
	bool last;
	enum {
		KEEP,
		CANCEL,
		FREE_RESOLVER
	} then; /* from inside of the callback */
	struct lookup *lookup;
} seen;

static void on_answer(void *arg, const struct lookup_answer *answer)
{
	assert_ptr_equal(arg, &seen);
	assert_false(seen.last);
	assert_true(seen.count < ANSWERS_MAX && answer->count <= LOOKUP_ADDRESSES_MAX);
	assert_true(answer->count > 0 || answer->last);
	memcpy(seen.addresses[seen.count], answer->addresses,
	       answer->count * sizeof(answer->addresses[0]));
	seen.counts[seen.count++] = answer->count;
	seen.reason = answer->reason;
	seen.last = answer->last;
	if (seen.then == CANCEL)
		net_lookup_cancel(seen.lookup);
	if (seen.then == FREE_RESOLVER) {
		net_resolver_free(resolver);
		resolver = NULL;
	}
}

static void start(const char *host)
{
	memset(&seen, 0, sizeof(seen));
	seen.lookup = net_resolver_start(resolver, host, on_answer, &seen);
	assert_non_null(seen.lookup);
	assert_int_equal(seen.count, 0);
}

static void turn(void)
{
	const struct timeval moment = {.tv_usec = 5000};

	assert_int_equal(event_base_loopexit(base, &moment), 0);
	assert_int_equal(event_base_dispatch(base), 0);
}

static void until_answers(size_t count)
{
	uint64_t end_ns = ls_now_ns() + WAIT_MS * LS_NS_PER_MS;

	while (seen.count < count && !seen.last && ls_now_ns() < end_ns)
		turn();
	assert_int_equal(seen.count, count);
}

/* The queries of both families. */
static void take_queries(struct name_server_query *ret_v6, struct name_server_query *ret_v4)
{
	struct name_server_query query;
	unsigned had = 0;

	for (uint64_t end_ns = ls_now_ns() + WAIT_MS * LS_NS_PER_MS; had != 3;) {
		assert_true(ls_now_ns() < end_ns);
		turn();
		while (name_server_next(&query)) {
			assert_true(query.kind == NAME_SERVER_A || query.kind == NAME_SERVER_AAAA);
			*(query.kind == NAME_SERVER_A ? ret_v4 : ret_v6) = query;
			had |= query.kind == NAME_SERVER_A ? 1 : 2;
		}
	}
}

/* Answers with addresses whose last bytes are first, first + 1 and so on. */
static void answer(const struct name_server_query *query, uint8_t first, size_t count)
{
	size_t len = query->question_end, address_len = query->kind == NAME_SERVER_A ? 4 : 16;
	uint8_t data[2048] = {0};

	memcpy(data, query->data, len);
	data[2] = 0x81;
	data[3] = 0x80;
	data[7] = (uint8_t)count;
	data[11] = 0; /* without the query's OPT record, if it has one */
	for (size_t i = 0; i < count; i++) {
		const uint8_t head[] = {
		        0xc0, NAME_SERVER_HEAD,    0, (uint8_t)query->kind, 0, 1, 0, 0, 0, 60,
		        0,    (uint8_t)address_len};

		memcpy(data + len, head, sizeof(head));
		len += sizeof(head) + address_len;
		data[len - address_len] = query->kind == NAME_SERVER_A ? 10 : 0xfd;
		data[len - 1] = (uint8_t)(first + i);
	}
	name_server_send(query, data, len);
}

static void check_address(size_t which, size_t i, enum ls_family family, uint8_t last)
{
	const struct ls_ip *ip = &seen.addresses[which][i];

	assert_int_equal(ip->family, family);
	assert_int_equal(ip->b[ls_ip_len(ip) - 1], last);
}

static void test_families_alternate(void **state)
{
	static const struct {
		size_t v6, v4, count;
	} cases[] = {{1, 1, 2}, {3, 1, 4}, {0, 2, 2}, {2, 0, 2}, {8, 8, 8}, {12, 12, 8}, {9, 1, 8}};
	struct name_server_query v6, v4;

	(void)state;
	for (size_t c = 0; c < sizeof(cases) / sizeof(cases[0]); c++) {
		size_t n6 = 0, n4 = 0;

		start("both.test");
		take_queries(&v6, &v4);
		answer(&v6, 1, cases[c].v6);
		answer(&v4, 101, cases[c].v4);
		until_answers(1);
		assert_true(seen.last);
		assert_null(seen.reason);
		assert_int_equal(seen.counts[0], cases[c].count);
		for (size_t i = 0; i < cases[c].count; i++) {
			bool is_v6 = n4 >= cases[c].v4 || (n6 < cases[c].v6 && n6 <= n4);

			check_address(0, i, is_v6 ? LS_FAMILY_V6 : LS_FAMILY_V4,
			              (uint8_t)(is_v6 ? 1 + n6 : 101 + n4));
			*(is_v6 ? &n6 : &n4) += 1;
		}
	}
}

static void test_no_address(void **state)
{
	struct name_server_query v6, v4;

	(void)state;
	start("none.test");
	take_queries(&v6, &v4);
	answer(&v6, 0, 0);
	answer(&v4, 0, 0);
	/* A search list of this host is gone through, too. */
	for (uint64_t end_ns = ls_now_ns() + WAIT_MS * LS_NS_PER_MS; !seen.last;) {
		struct name_server_query query;

		assert_true(ls_now_ns() < end_ns);
		turn();
		while (name_server_next(&query))
			answer(&query, 0, 0);
	}
	assert_int_equal(seen.count, 1);
	assert_int_equal(seen.counts[0], 0);
	assert_string_equal(seen.reason, "host name not found");
}

/* What one family has is told soon, and what the other has when it comes. */
static void test_late_family(void **state)
{
	struct name_server_query v6, v4;
	uint64_t begin_ns;

	(void)state;
	for (int first_v4 = 0; first_v4 < 2; first_v4++) {
		start("late.test");
		take_queries(&v6, &v4);
		begin_ns = ls_now_ns();
		answer(first_v4 ? &v4 : &v6, 1, 2);
		until_answers(1);
		assert_true(ls_now_ns() - begin_ns >= (LOOKUP_DELAY_MS - TICK_MS) * LS_NS_PER_MS);
		assert_false(seen.last);
		assert_int_equal(seen.counts[0], 2);
		check_address(0, 0, first_v4 ? LS_FAMILY_V4 : LS_FAMILY_V6, 1);
		answer(first_v4 ? &v6 : &v4, 7, 1);
		until_answers(2);
		assert_true(seen.last);
		assert_int_equal(seen.counts[1], 1);
		check_address(1, 0, first_v4 ? LS_FAMILY_V6 : LS_FAMILY_V4, 7);
	}
}

static void test_cancel(void **state)
{
	struct name_server_query v6, v4;

	(void)state;
	start("cancel.test"); /* at once */
	net_lookup_cancel(seen.lookup);
	turn();
	start("192.0.2.1"); /* before what is known is told */
	net_lookup_cancel(seen.lookup);
	turn();
	start("cancel.test"); /* with both queries under way */
	take_queries(&v6, &v4);
	net_lookup_cancel(seen.lookup);
	answer(&v6, 1, 1);
	turn();
	start("cancel.test"); /* before the first answer is told */
	take_queries(&v6, &v4);
	answer(&v6, 1, 1);
	turn();
	net_lookup_cancel(seen.lookup);
	turn();
	assert_int_equal(seen.count, 0);
	start("cancel.test"); /* inside of the first answer */
	seen.then = CANCEL;
	take_queries(&v6, &v4);
	answer(&v6, 1, 1);
	until_answers(1);
	answer(&v4, 1, 1);
	turn();
	assert_int_equal(seen.count, 1);
	net_lookup_cancel(NULL);
}

static void test_free_with_lookups(void **state)
{
	struct name_server_query v6, v4;

	(void)state;
	start("free.test");
	take_queries(&v6, &v4);
	start("192.0.2.1");
	seen.then = FREE_RESOLVER;
	until_answers(1);
	assert_null(resolver);
	turn();
	net_resolver_free(NULL);
	resolver = net_resolver_new(base, 0);
}

static void test_known_without_a_query(void **state)
{
	static const struct {
		const char *host;
		size_t count;
		enum ls_family family;
		uint8_t last;
	} cases[] = {
	        {"192.0.2.1", 1, LS_FAMILY_V4, 1},     {"2001:db8::2", 1, LS_FAMILY_V6, 2},
	        {"localhost", 2, LS_FAMILY_V6, 1},     {"LOCALHOST", 2, LS_FAMILY_V6, 1},
	        {"x.y.localhost", 2, LS_FAMILY_V6, 1},
	};
	struct name_server_query query;

	(void)state;
	while (name_server_next(&query))
		; /* repeated ones of the tests before */
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		start(cases[i].host);
		until_answers(1);
		assert_true(seen.last);
		assert_null(seen.reason);
		assert_int_equal(seen.counts[0], cases[i].count);
		check_address(0, 0, cases[i].family, cases[i].last);
		if (cases[i].count == 2)
			check_address(0, 1, LS_FAMILY_V4, 1);
	}
	assert_false(name_server_next(&query));
}

static uint32_t marks_seen;

static void see_mark(int fd)
{
	uint32_t mark = 0;
	socklen_t len = sizeof(mark);

	assert_int_equal(getsockopt(fd, SOL_SOCKET, SO_MARK, &mark, &len), 0);
	assert_int_equal(mark, MARK);
	marks_seen++;
}

/* Every socket has the mark before its first packet. */
static void test_mark(void **state)
{
	int fd = net_socket_open(AF_INET, SOCK_DGRAM, MARK);
	struct name_server_query v6, v4;

	(void)state;
	if (fd < 0)
		skip_without("CAP_NET_ADMIN");
	(void)close(fd);
	net_resolver_free(resolver);
	resolver = net_resolver_new(base, MARK);
	name_server.connected = see_mark;
	start("mark.test");
	take_queries(&v6, &v4);
	answer(&v6, 1, 1);
	answer(&v4, 1, 1);
	until_answers(1);
	assert_true(marks_seen > 0);
	name_server.connected = NULL;
}

static int open_all(void **state)
{
	(void)state;
	base = event_base_new();
	resolver = net_resolver_new(base, 0);
	name_server_open();
	return base ? 0 : -1;
}

static int close_all(void **state)
{
	(void)state;
	net_resolver_free(resolver);
	event_base_free(base);
	return close(name_server.fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_families_alternate),
	        cmocka_unit_test(test_no_address),
	        cmocka_unit_test(test_late_family),
	        cmocka_unit_test(test_cancel),
	        cmocka_unit_test(test_free_with_lookups),
	        cmocka_unit_test(test_known_without_a_query),
	        cmocka_unit_test(test_mark),
	};

	return cmocka_run_group_tests(tests, open_all, close_all);
}
