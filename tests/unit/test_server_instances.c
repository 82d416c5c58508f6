/* SPDX-License-Identifier: Apache-2.0 */
/* Two machines with one node's state, told apart from restarts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "server/state/instances.h"

static const uint64_t s = LS_NS_PER_S;

static void restarts_are_no_second_machine(void **state)
{
	struct instances instances = {0};

	(void)state;
	for (uint64_t i = 1; i < 50; i++) {
		assert_false(state_instances_note(&instances, i, 100 * s + i * s));
		assert_false(state_instances_note(&instances, i, 100 * s + i * s));
		/* A command, or an older client. */
		assert_false(state_instances_note(&instances, 0, 100 * s + i * s));
	}
	/* A late request of the one before is no proof. */
	assert_false(state_instances_note(&instances, 48, 200 * s));
	assert_false(state_instances_are_cloned(&instances, 200 * s));
	/* Nor is another one, long after. */
	assert_false(state_instances_note(&instances, 50, 1000 * s));
	assert_false(state_instances_note(&instances, 48, 1001 * s));
	assert_false(state_instances_are_cloned(&instances, 1001 * s));
}

static void machines_that_take_turns_are_noticed(void **state)
{
	for (uint64_t machines = 2; machines <= INSTANCES_KEPT; machines++) {
		struct instances instances = {0};
		uint64_t now = 100 * s;
		unsigned said = 0;

		(void)state;
		for (uint64_t i = 0; i < 40; i++, now += 30 * s)
			said += state_instances_note(&instances, 1 + i % machines, now);
		assert_int_equal(said, 1);
		assert_true(state_instances_are_cloned(&instances, now));
		/* It is over when the others have stopped. */
		now += INSTANCES_CLONED_S * s;
		assert_false(state_instances_note(&instances, 1 + 39 % machines, now));
		assert_false(state_instances_are_cloned(&instances, now));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(restarts_are_no_second_machine),
	        cmocka_unit_test(machines_that_take_turns_are_noticed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
