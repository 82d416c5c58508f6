/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "server/state/addresses.h"

static struct ls_prefix prefix(const char *text)
{
	struct ls_prefix p;

	assert_int_equal(ls_prefix_parse(text, &p), 0);
	return p;
}

static struct ls_ip ip(const char *text)
{
	struct ls_ip p;

	assert_int_equal(ls_ip_parse(text, &p), 0);
	return p;
}

/* Takes the next address and gives its text; "" when there is none. */
static const char *take_next(struct address_pool *pool, char buf[static LS_IP_TEXT])
{
	struct ls_ip next;

	buf[0] = '\0';
	if (state_address_pool_next(pool, &next) == 0) {
		assert_int_equal(state_address_pool_take(pool, &next), 0);
		(void)ls_ip_format(&next, buf);
	}
	return buf;
}

static const struct {
	const char *prefix;
	const char *first;
	const char *second;
	const char *last;
	size_t count;
} ranges[] = {
        {"10.0.0.0/24", "10.0.0.10", "10.0.0.11", "10.0.0.254", 245},
        {"10.0.0.32/27", "10.0.0.42", "10.0.0.43", "10.0.0.62", 21},
        {"10.0.0.16/28", "10.0.0.17", "10.0.0.18", "10.0.0.30", 14},
        {"10.0.0.4/30", "10.0.0.5", "10.0.0.6", "10.0.0.6", 2},
        {"100.64.0.0/16", "100.64.0.10", "100.64.0.11", "100.64.255.254", 65525},
        {"fd00::/126", "fd00::1", "fd00::2", "fd00::2", 2},
        {"fd00:0:0:1::/120", "fd00:0:0:1::a", "fd00:0:0:1::b", "fd00:0:0:1::fe", 245},
};

static void test_ranges(void **state)
{
	char text[LS_IP_TEXT], last[LS_IP_TEXT];

	(void)state;
	for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++) {
		struct ls_prefix p = prefix(ranges[i].prefix);
		struct address_pool pool;
		size_t count = 1;

		state_address_pool_init(&pool, &p);
		assert_string_equal(take_next(&pool, text), ranges[i].first);
		assert_string_equal(take_next(&pool, text), ranges[i].second);
		do {
			count++;
			(void)snprintf(last, sizeof(last), "%s", text);
		} while (*take_next(&pool, text) != '\0');
		assert_string_equal(last, ranges[i].last);
		assert_int_equal(count, ranges[i].count);
		state_address_pool_done(&pool);
	}
}

static void test_large_prefixes(void **state)
{
	char text[LS_IP_TEXT];
	struct ls_prefix v4 = prefix("10.0.0.0/8"), v6 = prefix("fd12:3456::/32");
	struct address_pool pool;
	struct ls_ip far = ip("10.255.255.254"), beyond = ip("fd12:3456::100:1");

	(void)state;
	state_address_pool_init(&pool, &v4);
	assert_int_equal(state_address_pool_take(&pool, &far), 0);
	assert_int_equal(state_address_pool_take(&pool, &far), LS_ERROR_CONFLICT);
	assert_string_equal(take_next(&pool, text), "10.0.0.10");
	state_address_pool_done(&pool);
	state_address_pool_init(&pool, &v6);
	assert_string_equal(take_next(&pool, text), "fd12:3456::a");
	assert_int_equal(state_address_pool_take(&pool, &beyond), LS_ERROR_BAD_VALUE);
	state_address_pool_done(&pool);
}

static void test_lowest_free_is_reused(void **state)
{
	char text[LS_IP_TEXT];
	struct ls_prefix p = prefix("10.0.0.0/22");
	struct ls_ip low = ip("10.0.0.12"), high = ip("10.0.1.100");
	struct address_pool pool;

	(void)state;
	state_address_pool_init(&pool, &p);
	for (int i = 0; i < 400; i++)
		(void)take_next(&pool, text);
	state_address_pool_release(&pool, &high);
	state_address_pool_release(&pool, &low);
	state_address_pool_release(&pool, &low);
	assert_string_equal(take_next(&pool, text), "10.0.0.12");
	assert_string_equal(take_next(&pool, text), "10.0.1.100");
	assert_string_equal(take_next(&pool, text), "10.0.1.154");
	state_address_pool_done(&pool);
}

static void test_addresses_that_are_not_handed_out(void **state)
{
	static const char *const bad[] = {"10.0.0.0", "10.0.0.255", "10.0.1.10", "fd00::10"};
	struct ls_prefix p = prefix("10.0.0.0/24");
	struct ls_ip low = ip("10.0.0.3"), none = {0};
	struct address_pool pool;

	(void)state;
	state_address_pool_init(&pool, &p);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct ls_ip outside = ip(bad[i]);

		assert_int_equal(state_address_pool_take(&pool, &outside), LS_ERROR_BAD_VALUE);
		state_address_pool_release(&pool, &outside);
	}
	assert_int_equal(state_address_pool_take(&pool, &none), LS_ERROR_BAD_VALUE);
	/* Below the first that is handed out, but a host: another server may have given it. */
	assert_int_equal(state_address_pool_take(&pool, &low), 0);
	state_address_pool_release(&pool, &low);
	assert_int_equal(pool.lowest, pool.first);
	state_address_pool_done(&pool);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_ranges),
	        cmocka_unit_test(test_large_prefixes),
	        cmocka_unit_test(test_lowest_free_is_reused),
	        cmocka_unit_test(test_addresses_that_are_not_handed_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
