/* SPDX-License-Identifier: Apache-2.0 */
/* Sessions over a kind network: who may start, what is staged, sizes, keys, roaming. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>

#include "sim.h"

static void test_first_packets_are_staged(void **state)
{
	static struct sim sim;

	(void)state;
	sim_init(&sim, 2, 1);
	sim_link(&sim, 0, 1);
	for (uint32_t i = 0; i < 3; i++)
		assert_int_equal(sim_send(&sim, 0, 1, i), -ENOKEY);
	sim_run_for(&sim, LS_NS_PER_S);
	assert_int_equal(sim.nodes[1].delivered, 3);
	assert_int_equal(sim.nodes[0].sent[WG_MESSAGE_INITIATION].n, 1);
	assert_int_equal(sim.nodes[1].sent[WG_MESSAGE_RESPONSE].n, 1);
	/* The responder may send now: it was confirmed. */
	assert_int_equal(sim_send(&sim, 1, 0, 7), 0);
	sim_run_for(&sim, LS_NS_PER_S);
	assert_int_equal(sim.nodes[0].last_delivered, 7);
	assert_int_equal(sim.nodes[1].sent[WG_MESSAGE_INITIATION].n, 0);
	sim_done(&sim);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_first_packets_are_staged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
