/* SPDX-License-Identifier: Apache-2.0 */
/* Stamps never go back, whatever the wall clock does. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/stamps.h"

#define S    LS_NS_PER_S
#define NOW  (UINT64_C(1800000000) * S)
#define YEAR (UINT64_C(365) * 86400 * S)

static void a_right_clock_is_followed(void **state)
{
	struct ls_stamp stamp = {.steady_ns = 50 * S};

	(void)state;
	assert_int_equal(ls_stamp_next(&stamp, NOW, 50 * S), NOW);
	assert_int_equal(ls_stamp_next(&stamp, NOW + 7, 50 * S + 7), NOW + 7);
	assert_int_equal(ls_stamp_next(&stamp, NOW + 90 * S, 140 * S), NOW + 90 * S);
	assert_int_equal(ls_stamp_next(&stamp, NOW + YEAR, 141 * S), NOW + YEAR);
}

static void a_clock_set_back_is_not(void **state)
{
	struct ls_stamp stamp = {.steady_ns = 50 * S};

	(void)state;
	assert_int_equal(ls_stamp_next(&stamp, NOW, 50 * S), NOW);
	assert_int_equal(ls_stamp_next(&stamp, NOW - YEAR, 54 * S), NOW + S);
	assert_int_equal(ls_stamp_next(&stamp, 0, 58 * S), NOW + 2 * S);
	/* Right again: it is ahead of the stamps, since they went slower. */
	assert_int_equal(ls_stamp_next(&stamp, NOW + 8 * S, 58 * S), NOW + 8 * S);
	/* The steady clock is no worse for an answer out of order. */
	assert_int_equal(ls_stamp_next(&stamp, NOW, 57 * S), NOW + 8 * S);
	assert_int_equal(ls_stamp_next(&stamp, NOW, 62 * S), NOW + 9 * S);
}

/* Killed half a day after the last start, with a floor six hours ahead: the right clock comes up
 * with that within eight hours. */
static void a_right_clock_comes_up_with_a_floor(void **state)
{
	struct ls_stamp stamp = {.value_ns = NOW + 6 * 3600 * S};

	(void)state;
	for (uint64_t s = 0; s < UINT64_C(8) * 3600; s += 60)
		assert_true(ls_stamp_next(&stamp, NOW + s * S, s * S) > NOW + s * S);
	assert_int_equal(ls_stamp_next(&stamp, NOW + 28800 * S, 28800 * S), NOW + 28800 * S);
	assert_int_equal(ls_stamp_next(&stamp, NOW + 28801 * S, 28801 * S), NOW + 28801 * S);
}

static void floors(void **state)
{
	int64_t wall_s = ls_wall_s();
	struct ls_stamps *none = ls_stamps_new(0), *past = ls_stamps_new(1);
	struct ls_stamps *future = ls_stamps_new(wall_s + 1000);
	struct ls_stamps *absurd = ls_stamps_new(LS_STAMPS_FLOOR_MAX_S);

	(void)state;
	assert_in_range(ls_stamps_now_ns(none) / S, wall_s, wall_s + 60);
	assert_in_range(ls_stamps_now_ns(past) / S, wall_s, wall_s + 60);
	assert_in_range(ls_stamps_now_ns(future) / S, wall_s + 1000, wall_s + 1015);
	assert_in_range(ls_stamps_now_ns(absurd) / S, wall_s, wall_s + 60);
	ls_stamps_free(none);
	ls_stamps_free(past);
	ls_stamps_free(future);
	ls_stamps_free(absurd);
	ls_stamps_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(a_right_clock_is_followed),
	        cmocka_unit_test(a_clock_set_back_is_not),
	        cmocka_unit_test(a_right_clock_comes_up_with_a_floor),
	        cmocka_unit_test(floors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
