/* SPDX-License-Identifier: Apache-2.0 */
/* STUN queries in virtual time, with servers that lose, delay, repeat and refuse answers, and that
 * lie. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>

#include "base/clock.h"
#include "nat/stun_query.h"
#include "wire/cursor.h"
#include "wire_writer.h"

enum {
	SERVERS_MAX = 4,
	REQUESTS_MAX = 16,
	RESPONSE_MAX = 64,
	START_S = 1000,
};

enum habit {
	ANSWER,
	ERROR_500,
	NO_ADDRESS,
	UNKNOWN_ATTRIBUTE,
	DAMAGED, /* its FINGERPRINT is wrong */
	MUTE,
};

/* A server on the other side of a network. */
struct far_server {
	const char *address;
	const char *mapped;
	enum habit habit;
	unsigned delay_ms;                  /* of each answer */
	unsigned lost;                      /* so many requests never arrive */
	unsigned requests_ms[REQUESTS_MAX]; /* when each was sent */
	unsigned requests;
	uint64_t answer_ns; /* when an answer arrives; LS_NEVER: none under way */
	struct stun_transaction transaction;
};

struct world {
	struct stun_query query;
	struct far_server servers[SERVERS_MAX];
	size_t count;
	uint64_t now_ns;
};

static struct ls_endpoint ep(const char *text)
{
	struct ls_endpoint ret = {0};

	assert_int_equal(ls_endpoint_parse(text, &ret), 0);
	return ret;
}

static unsigned elapsed_ms(const struct world *w)
{
	return (unsigned)((w->now_ns - START_S * LS_NS_PER_S) / LS_NS_PER_MS);
}

static struct stun_transaction transaction_of(size_t i)
{
	struct stun_transaction id;

	memset(&id, (int)('a' + i), sizeof(id));
	return id;
}

static void begin(struct world *w, unsigned timeout_ms)
{
	w->now_ns = START_S * LS_NS_PER_S;
	stun_query_init(&w->query, w->now_ns + timeout_ms * LS_NS_PER_MS);
	for (w->count = 0; w->count < SERVERS_MAX && w->servers[w->count].address; w->count++) {
		struct stun_transaction id = transaction_of(w->count);
		struct ls_endpoint address = ep(w->servers[w->count].address);

		w->servers[w->count].answer_ns = LS_NEVER;
		assert_true(
		        stun_query_add(&w->query, &address, (unsigned)w->count, &id, w->now_ns));
	}
}

static size_t respond(const struct far_server *server, uint8_t ret[static RESPONSE_MAX])
{
	struct ls_writer w = ls_writer_of(ret, RESPONSE_MAX);
	struct ls_endpoint mapped = ep(server->mapped ? server->mapped : "192.0.2.9:9");
	bool v6 = mapped.ip.family == LS_FAMILY_V6;

	ls_write_be16(&w, server->habit == ERROR_500 ? STUN_BINDING_ERROR : STUN_BINDING_SUCCESS);
	ls_write_be16(&w, 0);
	ls_write_be32(&w, STUN_MAGIC_COOKIE);
	ls_write_bytes(&w, server->transaction.b, STUN_TRANSACTION_LEN);
	if (server->habit == ERROR_500) {
		ls_write_be32(&w, 0x00090004);
		ls_write_be32(&w, 0x500);
	} else if (server->habit != NO_ADDRESS) {
		ls_write_be16(&w, STUN_MAPPED_ADDRESS);
		ls_write_be16(&w, v6 ? 20 : 8);
		ls_write_be16(&w, v6 ? STUN_FAMILY_V6 : STUN_FAMILY_V4);
		ls_write_be16(&w, mapped.port);
		ls_write_bytes(&w, mapped.ip.b, ls_ip_len(&mapped.ip));
	}
	if (server->habit == UNKNOWN_ATTRIBUTE)
		ls_write_be32(&w, 0x7ffe0000);
	if (server->habit == DAMAGED) {
		ls_write_be32(&w, 0x80280004);
		ls_write_be32(&w, 0);
	}
	assert_false(w.bad);
	ret[3] = (uint8_t)(ls_writer_len(&w) - STUN_HEADER_LEN);
	return ls_writer_len(&w);
}

/* Takes what is due off the query. */
static void send_due(struct world *w)
{
	uint8_t request[STUN_REQUEST_LEN];
	struct stun_server *server;

	while ((server = stun_query_next(&w->query, w->now_ns, request))) {
		struct far_server *far = &w->servers[server->tag];
		struct ls_endpoint want = ep(far->address);

		assert_true(ls_endpoint_equal(&server->address, &want));
		assert_true(far->requests < REQUESTS_MAX);
		far->requests_ms[far->requests++] = elapsed_ms(w);
		memcpy(far->transaction.b, request + 8, STUN_TRANSACTION_LEN);
		if (far->requests > far->lost && far->habit != MUTE && far->answer_ns == LS_NEVER)
			far->answer_ns = w->now_ns + far->delay_ms * LS_NS_PER_MS;
	}
}

static bool deliver(struct world *w, size_t i, const char *from)
{
	uint8_t response[RESPONSE_MAX];
	size_t len = respond(&w->servers[i], response);
	struct ls_endpoint source = ep(from);

	return stun_query_receive(&w->query, &source, response, len, w->now_ns);
}

/* To the next moment at which something happens. */
static void step(struct world *w)
{
	uint64_t next = stun_query_deadline(&w->query, w->now_ns);

	assert_true(next > w->now_ns); /* else the loop would spin */
	for (size_t i = 0; i < w->count; i++)
		next = w->servers[i].answer_ns < next ? w->servers[i].answer_ns : next;
	w->now_ns = next;
	for (size_t i = 0; i < w->count; i++) {
		struct far_server *far = &w->servers[i];

		if (far->answer_ns != w->now_ns)
			continue;
		far->answer_ns = LS_NEVER;
		assert_int_equal(deliver(w, i, far->address), far->habit != DAMAGED);
	}
}

/* Runs until settled; returns after how many milliseconds that was. */
static unsigned run(struct world *w)
{
	send_due(w);
	while (!stun_query_settled(&w->query, false, w->now_ns)) {
		step(w);
		send_due(w);
	}
	return elapsed_ms(w);
}

static void assert_requests(const struct far_server *server, const unsigned *want, unsigned count)
{
	assert_int_equal(server->requests, count);
	for (unsigned i = 0; i < count; i++)
		assert_int_equal(server->requests_ms[i], want[i]);
}

/* `server` -1: none. */
static void assert_result(const struct world *w, enum ls_family family, int server,
                          const char *mapped, int other)
{
	struct stun_result result;
	char text[LS_ENDPOINT_TEXT];

	assert_int_equal(stun_query_result(&w->query, family, &result), server >= 0);
	if (server < 0)
		return;
	assert_int_equal(result.server->tag, server);
	assert_string_equal(ls_endpoint_format(&result.server->mapped, text), mapped);
	assert_int_equal(result.other ? (int)result.other->tag : -1, other);
}

static void test_one_answers(void **state)
{
	struct world w = {.servers = {{"192.0.2.1:3478", "198.51.100.4:51820", .delay_ms = 30}}};
	static const unsigned once[] = {0};

	(void)state;
	begin(&w, 3000);
	assert_int_equal(run(&w), 30); /* nobody else to wait for */
	assert_requests(&w.servers[0], once, 1);
	assert_result(&w, LS_FAMILY_V4, 0, "198.51.100.4:51820", -1);
	assert_result(&w, LS_FAMILY_V6, -1, NULL, -1);
}

/* RFC 8489 6.2.1's own example: requests at 0, 500, 1500, 3500, 7500, 15500 and 31500 ms; the
 * transaction has failed at 39500 ms. */
static void test_schedule(void **state)
{
	struct world w = {.servers = {{"192.0.2.1:3478", .habit = MUTE}}};
	static const unsigned want[] = {0, 500, 1500, 3500, 7500, 15500, 31500};

	(void)state;
	begin(&w, 60000);
	assert_int_equal(run(&w), 39500);
	assert_requests(&w.servers[0], want, STUN_REQUESTS_MAX);
	assert_int_equal(w.query.servers[0].state, STUN_SILENT);
	assert_result(&w, LS_FAMILY_V4, -1, NULL, -1);
}

static void test_end_of_time(void **state)
{
	struct world w = {.servers = {{"192.0.2.1:3478", .habit = MUTE},
	                              {"[2001:db8::1]:3478", .habit = MUTE}}};
	static const unsigned want[] = {0, 500, 1500};

	(void)state;
	begin(&w, 3000);
	assert_int_equal(run(&w), 3000);
	for (size_t i = 0; i < 2; i++) {
		assert_requests(&w.servers[i], want, 3);
		assert_int_equal(w.query.servers[i].state, STUN_SILENT);
	}
	/* Too late, also for one that had not been told. */
	assert_true(deliver(&w, 0, "192.0.2.1:3478"));
	assert_result(&w, LS_FAMILY_V4, -1, NULL, -1);
}

static void test_answer_at_the_last_moment(void **state)
{
	struct world w = {.servers = {{"192.0.2.1:3478", "198.51.100.4:1", .habit = MUTE}}};

	(void)state;
	begin(&w, 3000);
	send_due(&w);
	w.now_ns = w.query.end_ns;
	w.servers[0].habit = ANSWER;
	assert_true(deliver(&w, 0, "192.0.2.1:3478"));
	assert_result(&w, LS_FAMILY_V4, -1, NULL, -1);
	w.now_ns--;
	assert_true(deliver(&w, 0, "192.0.2.1:3478"));
	assert_result(&w, LS_FAMILY_V4, 0, "198.51.100.4:1", -1);
}

static void test_losses(void **state)
{
	struct world w = {
	        .servers = {{"192.0.2.1:3478", "198.51.100.4:9", .delay_ms = 20, .lost = 2}}};
	static const unsigned want[] = {0, 500, 1500};

	(void)state;
	begin(&w, 3000);
	assert_int_equal(run(&w), 1520);
	assert_requests(&w.servers[0], want, 3);
	assert_result(&w, LS_FAMILY_V4, 0, "198.51.100.4:9", -1);
	/* An answer that comes again changes nothing, whatever it says. */
	w.servers[0].mapped = "198.51.100.5:10";
	assert_true(deliver(&w, 0, "192.0.2.1:3478"));
	assert_result(&w, LS_FAMILY_V4, 0, "198.51.100.4:9", -1);
}

/* One that lost its first request is still asked, but not waited for past the grace. */
static void test_first_wins(void **state)
{
	struct world w = {.servers = {{"192.0.2.1:3478", "198.51.100.4:9", .habit = MUTE},
	                              {"192.0.2.2:3478", "198.51.100.4:9", .delay_ms = 40},
	                              {"192.0.2.3:3478", "198.51.100.4:9", .delay_ms = 10}}};
	static const unsigned twice[] = {0, 500};

	(void)state;
	begin(&w, 3000);
	assert_int_equal(run(&w), 10 + STUN_GRACE_MS);
	assert_requests(&w.servers[0], twice, 2);
	assert_int_equal(w.query.servers[0].state, STUN_WAITING);
	assert_result(&w, LS_FAMILY_V4, 2, "198.51.100.4:9", -1);
}

static void test_mappings_differ(void **state)
{
	struct world w = {.servers = {{"192.0.2.1:3478", "198.51.100.4:9", .delay_ms = 10},
	                              {"192.0.2.2:3478", "198.51.100.4:9", .delay_ms = 20},
	                              {"192.0.2.3:3478", "198.51.100.4:10", .delay_ms = 300}}};

	(void)state;
	begin(&w, 3000);
	assert_int_equal(run(&w), 300); /* all have answered */
	assert_result(&w, LS_FAMILY_V4, 0, "198.51.100.4:9", 2);
}

/* Each family has its own first, and its own grace; one does not contradict the other. */
static void test_two_families(void **state)
{
	struct world w = {
	        .servers = {{"192.0.2.1:3478", "198.51.100.4:9", .delay_ms = 10},
	                    {"[2001:db8::1]:3478", "[2001:db8:1::2]:9", .delay_ms = 90, .lost = 2},
	                    {"192.0.2.2:3478", .habit = MUTE},
	                    {"[2001:db8::2]:3478", .habit = MUTE}}};

	(void)state;
	begin(&w, 3000);
	assert_int_equal(run(&w), 1590 + STUN_GRACE_MS);
	assert_result(&w, LS_FAMILY_V4, 0, "198.51.100.4:9", -1);
	assert_result(&w, LS_FAMILY_V6, 1, "[2001:db8:1::2]:9", -1);
}

static void test_refusals(void **state)
{
	struct world w = {.servers = {{"192.0.2.1:3478", .habit = ERROR_500},
	                              {"192.0.2.2:3478", .habit = NO_ADDRESS},
	                              {"192.0.2.3:3478", .habit = UNKNOWN_ATTRIBUTE},
	                              {"192.0.2.4:3478", .habit = DAMAGED}}};
	static const int codes[] = {500, 0, 0};
	static const unsigned once[] = {0};

	(void)state;
	begin(&w, 400);
	assert_int_equal(run(&w), 400); /* what is damaged counts as lost */
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(w.query.servers[i].state, STUN_REFUSED);
		assert_int_equal(w.query.servers[i].error_code, codes[i]);
		assert_requests(&w.servers[i], once, 1);
	}
	assert_int_equal(w.query.servers[3].state, STUN_SILENT);
	assert_result(&w, LS_FAMILY_V4, -1, NULL, -1);
}

static void test_unusable_addresses(void **state)
{
	static const char *const mapped[] = {
	        "0.0.0.0:9",   "0.1.2.3:9",   "224.0.0.1:9", "255.255.255.255:9", "[::]:9",
	        "[ff02::1]:9", "127.0.0.1:9", "[::1]:9",     "169.254.1.2:9",     "[fe80::1]:9"};

	(void)state;
	for (size_t i = 0; i < sizeof(mapped) / sizeof(mapped[0]); i++) {
		struct world w = {.servers = {{"192.0.2.1:3478", mapped[i], .delay_ms = 0}}};

		begin(&w, 3000);
		assert_int_equal(run(&w), 0);
		assert_int_equal(w.query.servers[0].state, STUN_REFUSED);
		assert_result(&w, LS_FAMILY_V4, -1, NULL, -1);
	}
}

/* The id must be known to whoever answers, and the answer must come from where the question went:
 * another address, another port, another server that was asked, too. */
static void test_spoofed(void **state)
{
	static const char *const sources[] = {"192.0.2.66:3478", "192.0.2.1:3479", "192.0.2.2:3478",
	                                      "[2001:db8::1]:3478"};
	struct world w = {.servers = {{"192.0.2.1:3478", "203.0.113.66:6", .habit = MUTE},
	                              {"192.0.2.2:3478", .habit = MUTE}}};

	(void)state;
	begin(&w, 3000);
	assert_false(deliver(&w, 0, "192.0.2.1:3478")); /* an id of zeros */
	send_due(&w);
	for (size_t i = 0; i < sizeof(sources) / sizeof(sources[0]); i++)
		assert_false(deliver(&w, 0, sources[i]));
	for (size_t i = 0; i < STUN_TRANSACTION_LEN; i++) {
		w.servers[0].transaction.b[i] ^= 0x80;
		assert_false(deliver(&w, 0, "192.0.2.1:3478"));
		w.servers[0].transaction.b[i] ^= 0x80;
	}
	assert_int_equal(w.query.servers[0].state, STUN_WAITING);
	assert_true(deliver(&w, 0, "192.0.2.1:3478"));
	assert_int_equal(w.query.servers[0].state, STUN_ANSWERED);
}

/* An answer before the question was sent is a guess. */
static void test_answer_before_the_question(void **state)
{
	struct world w = {.servers = {{"192.0.2.1:3478", "203.0.113.66:6", .delay_ms = 0}}};

	(void)state;
	begin(&w, 3000);
	w.servers[0].transaction = transaction_of(0);
	assert_true(deliver(&w, 0, "192.0.2.1:3478"));
	assert_int_equal(w.query.servers[0].state, STUN_WAITING);
}

static void test_unsendable(void **state)
{
	struct world w = {.servers = {{"[2001:db8::1]:3478", .habit = MUTE},
	                              {"192.0.2.1:3478", "198.51.100.4:9", .delay_ms = 0}}};
	uint8_t request[STUN_REQUEST_LEN];
	struct stun_server *server;

	(void)state;
	begin(&w, 3000);
	server = stun_query_next(&w.query, w.now_ns, request);
	assert_int_equal(server->tag, 0);
	stun_query_unsendable(server, ENETUNREACH);
	assert_int_equal(run(&w), 0);
	assert_int_equal(w.query.servers[0].state, STUN_UNREACHABLE);
	assert_int_equal(w.query.servers[0].error_code, ENETUNREACH);
	assert_int_equal(w.servers[0].requests, 0);
	assert_result(&w, LS_FAMILY_V4, 1, "198.51.100.4:9", -1);
}

/* While more servers may come (their names are being looked up), no family is done without them;
 * once heard and past its grace, it is. A server that comes late is asked at once. */
static void test_more_to_come(void **state)
{
	struct world w = {.servers = {{"192.0.2.1:3478", "198.51.100.4:9", .delay_ms = 0}}};
	struct ls_endpoint late = ep("[2001:db8::1]:3478");
	struct stun_transaction id = transaction_of(1);

	(void)state;
	begin(&w, 3000);
	assert_int_equal(run(&w), 0);
	assert_false(stun_query_settled(&w.query, true, w.now_ns));
	w.now_ns += 700 * LS_NS_PER_MS;
	assert_false(stun_query_settled(&w.query, true, w.now_ns)); /* IPv6 */
	w.servers[1] = (struct far_server){"[2001:db8::1]:3478", "[2001:db8:1::2]:9",
	                                   .answer_ns = LS_NEVER};
	w.count = 2;
	assert_true(stun_query_add(&w.query, &late, 1, &id, w.now_ns));
	assert_int_equal(run(&w), 700);
	assert_int_equal(w.servers[1].requests_ms[0], 700);
	assert_result(&w, LS_FAMILY_V6, 1, "[2001:db8:1::2]:9", -1);
	w.now_ns += STUN_GRACE_MS * LS_NS_PER_MS;
	assert_true(stun_query_settled(&w.query, true, w.now_ns));
}

static void test_limits(void **state)
{
	struct world w = {0};
	struct ls_endpoint address = ep("192.0.2.1:3478");
	struct stun_transaction id = transaction_of(0);

	(void)state;
	begin(&w, 3000);
	assert_true(stun_query_settled(&w.query, false, w.now_ns)); /* nobody to ask */
	assert_false(stun_query_settled(&w.query, true, w.now_ns));
	assert_int_equal(stun_query_deadline(&w.query, w.now_ns), w.query.end_ns);
	for (size_t i = 0; i < STUN_QUERY_MAX; i++)
		assert_true(stun_query_add(&w.query, &address, 0, &id, w.now_ns));
	assert_false(stun_query_add(&w.query, &address, 0, &id, w.now_ns));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_one_answers),
	        cmocka_unit_test(test_schedule),
	        cmocka_unit_test(test_end_of_time),
	        cmocka_unit_test(test_answer_at_the_last_moment),
	        cmocka_unit_test(test_losses),
	        cmocka_unit_test(test_first_wins),
	        cmocka_unit_test(test_mappings_differ),
	        cmocka_unit_test(test_two_families),
	        cmocka_unit_test(test_refusals),
	        cmocka_unit_test(test_unusable_addresses),
	        cmocka_unit_test(test_spoofed),
	        cmocka_unit_test(test_answer_before_the_question),
	        cmocka_unit_test(test_unsendable),
	        cmocka_unit_test(test_more_to_come),
	        cmocka_unit_test(test_limits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
