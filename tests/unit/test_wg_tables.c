/* SPDX-License-Identifier: Apache-2.0 */
/* The small tables of the engine: replay window, rate limit, session indices, deadlines, staged
 * packets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>

#include "base/clock.h"
#include "chance.h"
#include "wg/deadlines.h"
#include "wg/index.h"
#include "wg/keypair.h"
#include "wg/ratelimit.h"
#include "wg/replay.h"
#include "wg/staged.h"

static struct chance chance = {3};

static void test_replay_edges(void **state)
{
	const uint64_t far = UINT64_C(1) << 40;
	const struct {
		uint64_t counter;
		bool accepted;
	} rows[] = {
	        {0, true},
	        {0, false},
	        {1, true},
	        {63, true},
	        {63, false},
	        {2, true},
	        {64, true}, /* the bitmap grows here and must remember */
	        {1, false},
	        {63, false},
	        {3, true},
	        {64, false},
	        {REPLAY_WINDOW, true},
	        {0, false},
	        {1, false},
	        {4, true},
	        {REPLAY_WINDOW + 4, true},
	        {4, false},
	        {5, true}, /* the oldest that fits */
	        {5, false},
	        {UINT64_C(1) << 32, true}, /* past 32 bits */
	        {REPLAY_WINDOW + 5, false},
	        {far, true},
	        {far - REPLAY_WINDOW, false},
	        {far - REPLAY_WINDOW + 1, true},
	        {far - 64, true},
	        {far - 64, false},
	        {WG_REJECT_AFTER_MESSAGES - 1, true},
	        {WG_REJECT_AFTER_MESSAGES - 1, false},
	        {WG_REJECT_AFTER_MESSAGES - 2, true},
	};
	struct replay replay = {0};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(wg_replay_accept(&replay, rows[i].counter), rows[i].accepted);
	wg_replay_done(&replay);
}

static void test_replay_against_model(void **state)
{
	enum {
		SPAN = 60000
	};
	static bool seen[SPAN];
	struct replay replay = {0};
	uint64_t top = 0;

	(void)state;
	for (int i = 0; i < 200000; i++) {
		uint64_t jump = chance_below(&chance, 50) == 0 ? chance_below(&chance, 3000)
		                                               : chance_below(&chance, 4);
		uint64_t back = chance_below(&chance, REPLAY_WINDOW + 100);
		uint64_t counter = chance_below(&chance, 3) == 0 ? top + jump
		                   : back > top                  ? 0
		                                                 : top - back;
		bool fresh;

		if (counter >= SPAN)
			break;
		fresh = !seen[counter] && (counter >= top || top - counter <= REPLAY_WINDOW);
		assert_int_equal(wg_replay_accept(&replay, counter), fresh);
		seen[counter] = seen[counter] || fresh;
		if (counter >= top)
			top = counter + 1;
	}
	assert_true(top > REPLAY_WINDOW * 2);
	wg_replay_done(&replay);
}

static struct ls_ip ip_of(const char *text)
{
	struct ls_ip ip;

	assert_int_equal(ls_ip_parse(text, &ip), 0);
	return ip;
}

static void test_ratelimit(void **state)
{
	static const uint8_t key[16] = {1};
	struct ratelimit *limit = wg_ratelimit_new(key);
	struct ls_ip a = ip_of("192.0.2.1"), b = ip_of("192.0.2.2"), six = ip_of("2001:db8::1"),
	             same_net = ip_of("2001:db8::ffff"), other_net = ip_of("2001:db8:0:1::1");
	uint64_t now = 5 * LS_NS_PER_S;
	unsigned passed = 0;

	(void)state;
	for (int i = 0; i < RATELIMIT_BURST; i++)
		assert_true(wg_ratelimit_allow(limit, &a, now));
	assert_false(wg_ratelimit_allow(limit, &a, now));
	assert_true(wg_ratelimit_allow(limit, &b, now)); /* each source has its own bucket */
	assert_true(wg_ratelimit_allow(limit, &a, now + LS_NS_PER_S / RATELIMIT_PER_SECOND));
	assert_false(wg_ratelimit_allow(limit, &a, now + LS_NS_PER_S / RATELIMIT_PER_SECOND));
	for (int i = 0; i < RATELIMIT_BURST; i++)
		assert_true(wg_ratelimit_allow(limit, i % 2 ? &six : &same_net, now));
	assert_false(wg_ratelimit_allow(limit, &six, now));
	assert_true(wg_ratelimit_allow(limit, &other_net, now));
	now += 10 * LS_NS_PER_S;
	for (int i = 0; i < 2000; i++)
		passed += wg_ratelimit_allow(limit, &a, now + (uint64_t)i * LS_NS_PER_MS);
	assert_in_range(passed, 2 * RATELIMIT_PER_SECOND,
	                2 * RATELIMIT_PER_SECOND + RATELIMIT_BURST);
	wg_ratelimit_free(limit);
}

/* A table full of busy sources refuses new ones and forgets idle ones. */
static void test_ratelimit_is_bounded(void **state)
{
	static const uint8_t key[16] = {2};
	struct ratelimit *limit = wg_ratelimit_new(key);
	unsigned passed = 0;

	(void)state;
	for (uint32_t i = 0; i < 100000; i++) {
		struct ls_ip ip = {.family = LS_FAMILY_V4,
		                   .b = {10, (uint8_t)(i >> 16), (uint8_t)(i >> 8), (uint8_t)i}};

		passed += wg_ratelimit_allow(limit, &ip, LS_NS_PER_S);
	}
	assert_in_range(passed, 5000, 8192);
	assert_true(wg_ratelimit_allow(limit, &(struct ls_ip){.family = LS_FAMILY_V4, .b = {11}},
	                               2 * LS_NS_PER_S));
	wg_ratelimit_free(limit);
}

static void test_index_table(void **state)
{
	enum {
		MANY = 5000
	};
	static uint32_t all[MANY];
	struct index_table table = {0};
	int owner;

	(void)state;
	assert_null(wg_index_table_find(&table, 1));
	wg_index_table_remove(&table, 1);
	assert_int_equal(wg_index_table_add(&table, 0, INDEX_KEYPAIR, &owner), -EEXIST);
	for (uint32_t i = 0; i < MANY; i++) {
		/* Half of them share their low bits, to make long runs. */
		all[i] = i % 2 ? chance_below(&chance, INT32_MAX) * 2 + 1 : (i + 1) << 16;
		if (wg_index_table_add(&table, all[i], INDEX_KEYPAIR, &all[i]) == -EEXIST)
			all[i] = 0;
	}
	assert_int_equal(wg_index_table_add(&table, all[0], INDEX_HANDSHAKE, &owner), -EEXIST);
	for (uint32_t i = 0; i < MANY; i += 3)
		wg_index_table_remove(&table, all[i]);
	for (uint32_t i = 0; i < MANY; i++) {
		const struct index_entry *entry = wg_index_table_find(&table, all[i]);

		if (i % 3 == 0 || all[i] == 0)
			assert_null(entry);
		else
			assert_ptr_equal(entry->owner, &all[i]);
	}
	wg_index_table_done(&table);
}

static void test_deadlines(void **state)
{
	enum {
		MEMBERS = 500
	};
	static struct deadline members[MEMBERS];
	struct deadlines all = {0};

	(void)state;
	assert_null(wg_deadlines_first(&all));
	assert_int_equal(wg_deadlines_reserve(&all, MEMBERS), 0);
	for (int i = 0; i < MEMBERS; i++)
		wg_deadline_init(&members[i]);
	for (int round = 0; round < 20000; round++) {
		struct deadline *one = &members[chance_below(&chance, MEMBERS)];
		uint64_t least = LS_NEVER;

		wg_deadlines_set(&all, one,
		                 chance_below(&chance, 4) == 0 ? LS_NEVER
		                                               : chance_below(&chance, 10000));
		if (round % 50 != 0)
			continue;
		for (int i = 0; i < MEMBERS; i++)
			least = members[i].at_ns < least ? members[i].at_ns : least;
		assert_true(wg_deadlines_first(&all) ? wg_deadlines_first(&all)->at_ns == least
		                                     : least == LS_NEVER);
	}
	for (int i = 0; i < MEMBERS; i++)
		wg_deadlines_set(&all, &members[i], LS_NEVER);
	assert_null(wg_deadlines_first(&all));
	wg_deadlines_done(&all);
}

static void test_staged_drops_the_oldest(void **state)
{
	struct staged staged = {0}, other = {0};
	struct staged_packet *p;
	size_t used = 0;
	uint8_t packet[60000] = {0};

	(void)state;
	for (unsigned i = 0; i < WG_STAGED_MAX + 3; i++) {
		packet[0] = (uint8_t)i;
		wg_staged_push(&staged, &used, packet, 20);
	}
	assert_int_equal(staged.count, WG_STAGED_MAX);
	p = wg_staged_pop(&staged, &used);
	assert_non_null(p);
	assert_int_equal(p->data[WG_DATA_HEADER], 3);
	assert_int_equal(p->len, 20);
	free(p);
	/* One peer's large packets are bounded by the device's budget, and so are two peers'. */
	for (unsigned i = 0; i < 200; i++) {
		wg_staged_push(i % 2 ? &staged : &other, &used, packet, sizeof(packet));
		assert_true(used <= STAGED_BUDGET);
	}
	assert_true(other.count > 5 && staged.count > 5);
	wg_staged_clear(&staged, &used);
	wg_staged_clear(&other, &used);
	assert_int_equal(used, 0);
	assert_null(wg_staged_pop(&staged, &used));
}

/* Paper 6.1: no counter of REJECT_AFTER_MESSAGES or more leaves, and none is taken. */
static void test_message_limits(void **state)
{
	struct keypair keypair = {.born_ns = LS_NS_PER_S, .initiator = true};
	const uint64_t young = LS_NS_PER_S;

	(void)state;
	assert_true(wg_keypair_can_send(&keypair, 64, young));
	keypair.send_counter = WG_REKEY_AFTER_MESSAGES;
	assert_false(wg_keypair_wants_rekey(&keypair, young));
	keypair.send_counter++;
	assert_true(wg_keypair_wants_rekey(&keypair, young));
	keypair.initiator = false; /* by count both sides renew, by time the initiator */
	assert_true(wg_keypair_wants_rekey(&keypair, young));
	keypair.send_counter = WG_REJECT_AFTER_MESSAGES - 64;
	assert_true(wg_keypair_can_send(&keypair, 64, young));
	assert_false(wg_keypair_can_send(&keypair, 65, young));
	keypair.send_counter = WG_REJECT_AFTER_MESSAGES;
	assert_false(wg_keypair_can_send(&keypair, 1, young));
	keypair.send_counter = UINT64_MAX;
	assert_false(wg_keypair_can_send(&keypair, 1, young));
	keypair.send_counter = 5;
	assert_true(wg_keypair_can_send(&keypair, 1, young + WG_REJECT_AFTER_TIME_NS - 1));
	assert_false(wg_keypair_can_send(&keypair, 1, young + WG_REJECT_AFTER_TIME_NS));
	assert_false(wg_keypair_wants_rekey(&keypair, young + WG_REJECT_AFTER_TIME_NS));
	keypair.initiator = true;
	assert_false(wg_keypair_wants_rekey(&keypair, young + WG_REKEY_AFTER_TIME_NS - 1));
	assert_true(wg_keypair_wants_rekey(&keypair, young + WG_REKEY_AFTER_TIME_NS));
}

/* Counters are 64 bits on the wire and in the nonce, up to the last one allowed. */
static void test_counters_near_the_end(void **state)
{
	static const uint64_t counters[] = {UINT32_MAX, UINT64_C(1) << 32, WG_REKEY_AFTER_MESSAGES,
	                                    WG_REJECT_AFTER_MESSAGES - 1};
	struct aead *aead = aead_new();
	struct keypair out = {.remote_index = 9}, in = {0};
	uint8_t buf[16 + 48 + 16];
	const struct wg_data_header past_the_end = {.counter =
	                                                    ls_le64_of(WG_REJECT_AFTER_MESSAGES)};

	(void)state;
	memset(out.keys.send, 7, sizeof(out.keys.send));
	memset(in.keys.receive, 7, sizeof(in.keys.receive));
	for (size_t i = 0; i < sizeof(counters) / sizeof(counters[0]); i++) {
		memset(buf + WG_DATA_HEADER, 0x55, 40);
		out.send_counter = counters[i];
		assert_int_equal(wg_keypair_seal(&out, aead, buf, 40, 1420), sizeof(buf));
		assert_int_equal(wg_keypair_open(&in, aead, buf, sizeof(buf)), 0);
		assert_int_equal(buf[WG_DATA_HEADER + 39], 0x55);
		assert_int_equal(buf[WG_DATA_HEADER + 40], 0);
	}
	/* Our side never makes this one; its tag is right. */
	memcpy(buf, &past_the_end, sizeof(past_the_end));
	aead_seal(aead, out.keys.send, WG_REJECT_AFTER_MESSAGES, buf + WG_DATA_HEADER, 48);
	assert_int_equal(wg_keypair_open(&in, aead, buf, sizeof(buf)), -EBADMSG);
	wg_replay_done(&in.replay);
	aead_free(aead);
}

static void test_padding(void **state)
{
	static const struct {
		size_t len;
		uint32_t mtu;
		size_t padded;
	} rows[] = {
	        {0, 1420, 0},       {1, 1420, 16},      {16, 1420, 16},     {17, 1420, 32},
	        {1408, 1420, 1408}, {1409, 1420, 1420}, {1420, 1420, 1420}, {1421, 1420, 1421},
	        {1000, 0, 1008},    {1280, 1280, 1280}, {1279, 1281, 1280}, {1297, 1299, 1299},
	        {1400, 1299, 1400},
	};
	struct aead *aead = aead_new();
	struct keypair keypair = {0};
	uint8_t buf[2048];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		size_t sealed = rows[i].padded + WG_DATA_OVERHEAD;

		assert_int_equal(wg_keypair_seal(&keypair, aead, buf, rows[i].len, rows[i].mtu),
		                 sealed);
		/* Callers lay packets out by this. */
		assert_int_equal(wg_sealed_len(rows[i].len, rows[i].mtu), sealed);
	}
	aead_free(aead);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_replay_edges),
	        cmocka_unit_test(test_replay_against_model),
	        cmocka_unit_test(test_ratelimit),
	        cmocka_unit_test(test_ratelimit_is_bounded),
	        cmocka_unit_test(test_index_table),
	        cmocka_unit_test(test_deadlines),
	        cmocka_unit_test(test_staged_drops_the_oldest),
	        cmocka_unit_test(test_message_limits),
	        cmocka_unit_test(test_counters_near_the_end),
	        cmocka_unit_test(test_padding),
	};

	return crypto_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
