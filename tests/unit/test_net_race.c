/* SPDX-License-Identifier: Apache-2.0 */
/* Connection races on loopback, where this host has every address of 127/8: an address with a
 * listener accepts, all others refuse. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <event2/event.h>
#include <unistd.h>

#include "base/clock.h"
#include "net/race.h"
#include "net/socket.h"

static struct event_base *base;
static int listener;
static struct ls_endpoint open_at; /* 127.0.0.200 */

static struct {
	size_t count;
	int error;
	struct ls_endpoint reached; /* family LS_FAMILY_NONE: none */
} seen;

static void on_done(void *arg, int fd, int error)
{
	struct sockaddr_storage sa = {0};
	socklen_t len = sizeof(sa);

	assert_ptr_equal(arg, &seen);
	seen.count++;
	seen.error = error;
	if (fd < 0)
		return;
	assert_int_equal(getpeername(fd, (struct sockaddr *)&sa, &len), 0);
	assert_int_equal(ls_endpoint_from_sockaddr((struct sockaddr *)&sa, &seen.reached), 0);
	(void)close(fd);
}

static struct race *start(void)
{
	seen.count = 0;
	seen.reached = (struct ls_endpoint){0};
	return net_race_start(base, open_at.port, on_done, &seen);
}

static struct ls_ip loopback(uint8_t last)
{
	const uint8_t bytes[4] = {127, 0, 0, last};

	return ls_ip_from_bytes(LS_FAMILY_V4, bytes);
}

static void run_for(unsigned ms)
{
	const struct timeval limit = {.tv_usec = (suseconds_t)ms * 1000};

	assert_int_equal(event_base_loopexit(base, &limit), 0);
	assert_int_equal(event_base_dispatch(base), 0);
}

static void test_refused(void **state)
{
	const struct ls_ip addresses[] = {loopback(1), loopback(2)};
	struct race *race = start();

	(void)state;
	net_race_add(race, addresses, 2, true);
	assert_int_equal(seen.count, 0);
	run_for(100);
	assert_int_equal(seen.count, 1);
	assert_int_equal(seen.error, ECONNREFUSED);
	assert_int_equal(seen.reached.ip.family, LS_FAMILY_NONE);
}

/* A race whose addresses have all failed waits for those that may come. */
static void test_late_address(void **state)
{
	const struct ls_ip refuses = loopback(1);
	struct race *race = start();

	(void)state;
	net_race_add(race, &refuses, 1, false);
	run_for(400);
	assert_int_equal(seen.count, 0);
	net_race_add(race, &open_at.ip, 1, true);
	run_for(100);
	assert_int_equal(seen.count, 1);
	assert_true(ls_endpoint_equal(&seen.reached, &open_at));
}

static void test_nothing_late(void **state)
{
	const struct ls_ip refuses = loopback(1);
	struct race *race = start();

	(void)state;
	net_race_add(race, &refuses, 1, false);
	run_for(100);
	net_race_add(race, NULL, 0, true);
	run_for(100);
	assert_int_equal(seen.count, 1);
	assert_int_equal(seen.error, ECONNREFUSED);
}

/* Late addresses do not wait for all of the earlier ones: here 7 of 192.0.2.0/24, each of which
 * would take a quarter second. */
static void test_late_addresses_take_turns(void **state)
{
	struct ls_ip silent[7];
	struct race *race = start();
	uint64_t begin_ns = ls_now_ns();

	(void)state;
	for (uint8_t i = 0; i < 7; i++) {
		const uint8_t bytes[4] = {192, 0, 2, i};

		silent[i] = ls_ip_from_bytes(LS_FAMILY_V4, bytes);
	}
	net_race_add(race, silent, 7, false);
	run_for(50);
	net_race_add(race, &open_at.ip, 1, true);
	while (seen.count == 0 && ls_now_ns() - begin_ns < 3 * LS_NS_PER_S)
		run_for(20);
	assert_true(ls_endpoint_equal(&seen.reached, &open_at));
	assert_true(ls_now_ns() - begin_ns < LS_NS_PER_S);
}

static void test_cancel(void **state)
{
	struct race *race = start();

	(void)state;
	net_race_cancel(race);
	race = start();
	net_race_add(race, &open_at.ip, 1, true);
	net_race_cancel(race);
	net_race_cancel(NULL);
	run_for(20);
	assert_int_equal(seen.count, 0);
}

static int open_all(void **state)
{
	struct sockaddr_storage sa;
	struct ls_endpoint any = {.ip = loopback(200)};
	socklen_t len = ls_endpoint_to_sockaddr(&any, &sa);

	(void)state;
	base = event_base_new();
	listener = net_socket_open(AF_INET, SOCK_STREAM, 0);
	if (!base || listener < 0 || bind(listener, (struct sockaddr *)&sa, len) < 0 ||
	    listen(listener, 8) < 0 || getsockname(listener, (struct sockaddr *)&sa, &len) < 0)
		return -1;
	return ls_endpoint_from_sockaddr((struct sockaddr *)&sa, &open_at);
}

static int close_all(void **state)
{
	(void)state;
	event_base_free(base);
	return close(listener);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_refused),
	        cmocka_unit_test(test_late_address),
	        cmocka_unit_test(test_nothing_late),
	        cmocka_unit_test(test_late_addresses_take_turns),
	        cmocka_unit_test(test_cancel),
	};

	return cmocka_run_group_tests(tests, open_all, close_all);
}
