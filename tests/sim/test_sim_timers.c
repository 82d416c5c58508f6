/* SPDX-License-Identifier: Apache-2.0 */
/* Every timer of the WireGuard paper (sections 6.1 to 6.5), in virtual time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>

#include "sim.h"
#include "wg/engine.h"

#define SEC LS_NS_PER_S

static struct sim sim;

/* Two linked nodes with a session that node 0 started; returns when it was made. */
static uint64_t start_session(uint64_t seed)
{
	sim_init(&sim, 2, seed);
	sim_link(&sim, 0, 1);
	assert_int_equal(sim_send(&sim, 0, 1, 0), -ENOKEY);
	sim_run_for(&sim, 100 * LS_NS_PER_MS);
	assert_int_equal(sim.nodes[1].delivered, 1);
	return sim.now_ns - 100 * LS_NS_PER_MS + 2 * sim.latency_ns;
}

static bool drop_all(struct sim *s, struct sim_datagram *d, void *user)
{
	(void)s;
	(void)d;
	(void)user;
	return false;
}

static bool drop_from_1(struct sim *s, struct sim_datagram *d, void *user)
{
	(void)user;
	return !ls_endpoint_equal(&d->src, &s->nodes[1].address);
}

static struct wg_peer *peer_of(unsigned node, unsigned other)
{
	uint8_t packet[64];

	return wg_device_route(sim.nodes[node].dev, packet,
	                       sim_inner(node, other, 0, sizeof(packet), packet));
}

static void talk(unsigned from, unsigned to, uint64_t until_ns, uint64_t every_ns)
{
	uint32_t number = 100;

	while (sim.now_ns < until_ns) {
		(void)sim_send(&sim, from, to, number++);
		sim_run_for(&sim, every_ns);
	}
}

static void test_initiator_rekeys_after_120_s(void **state)
{
	uint64_t born = start_session(1);

	(void)state;
	talk(0, 1, born + 119 * SEC, SEC);
	assert_int_equal(sim.nodes[0].sent[WG_MESSAGE_INITIATION].n, 1);
	talk(0, 1, born + 125 * SEC, SEC / 10);
	assert_int_equal(sim.nodes[0].sent[WG_MESSAGE_INITIATION].n, 2);
	assert_in_range(sim.nodes[0].sent[WG_MESSAGE_INITIATION].last_ns, born + 120 * SEC,
	                born + 120 * SEC + SEC / 10);
	assert_int_equal(sim.nodes[1].sent[WG_MESSAGE_INITIATION].n, 0);
	talk(0, 1, born + 1000 * SEC, SEC);
	assert_int_equal(sim.nodes[0].sent[WG_MESSAGE_INITIATION].n, 9);
	sim_done(&sim);
}

static void test_responder_does_not_rekey(void **state)
{
	uint64_t born = start_session(2);
	uint32_t sent = 0;

	(void)state;
	while (sim.now_ns < born + 600 * SEC) {
		assert_int_equal(sim_send(&sim, 1, 0, sent++), 0); /* never without a session */
		sim_run_for(&sim, SEC);
	}
	assert_int_equal(sim.nodes[0].delivered, sent);
	assert_int_equal(sim.nodes[1].sent[WG_MESSAGE_INITIATION].n, 0);
	/* Node 0 renews with its keepalives. */
	assert_in_range(sim.nodes[0].sent[WG_MESSAGE_INITIATION].n, 4, 5);
	sim_done(&sim);
}

static void test_receiving_initiator_rekeys_at_165_s(void **state)
{
	uint64_t born = start_session(14);

	(void)state;
	sim_run_until(&sim, born + 165 * SEC - sim.latency_ns - 1);
	assert_int_equal(sim_send(&sim, 1, 0, 1), 0);
	sim_run_until(&sim, born + 165 * SEC);
	assert_int_equal(sim.nodes[0].delivered, 1);
	assert_int_equal(sim.nodes[0].sent[WG_MESSAGE_INITIATION].n, 1);
	for (uint32_t i = 2; i < 30; i++) {
		assert_int_equal(sim_send(&sim, 1, 0, i), 0);
		sim_run_for(&sim, SEC);
	}
	/* Once a session, by the first packet, not by the keepalive ten seconds later. */
	assert_int_equal(sim.nodes[0].sent[WG_MESSAGE_INITIATION].n, 2);
	assert_int_equal(sim.nodes[0].sent[WG_MESSAGE_INITIATION].last_ns,
	                 born + 165 * SEC + sim.latency_ns);
	sim_done(&sim);
}

static bool hold_data(struct sim *s, struct sim_datagram *d, void *user)
{
	(void)s;
	if (d->data[0] == WG_MESSAGE_DATA)
		*(struct sim_datagram *)user = *d;
	return false;
}

static void test_sessions_end_at_180_s(void **state)
{
	static struct sim_datagram held;
	uint64_t born = start_session(3);
	unsigned before = sim.nodes[1].delivered;

	(void)state;
	sim_run_until(&sim, born + 170 * SEC);
	sim.tap = hold_data;
	sim.tap_user = &held;
	assert_int_equal(sim_send(&sim, 0, 1, 1), 0);
	sim_run_until(&sim, born + 171 * SEC);
	sim.tap = drop_all;
	sim_run_until(&sim, born + 180 * SEC - 1);
	assert_int_equal(sim_send(&sim, 0, 1, 2), 0);
	sim_run_until(&sim, born + 180 * SEC);
	assert_int_equal(sim_send(&sim, 0, 1, 3), -ENOKEY);
	/* What was sealed in time but arrives late is not taken either. */
	sim_run_until(&sim, born + 181 * SEC);
	sim.tap = NULL;
	sim_inject(&sim, &held.src, &held.dst, held.data, held.len);
	sim_run_for(&sim, sim.latency_ns);
	assert_int_equal(sim.nodes[1].delivered, before);
	sim_done(&sim);
}

static void test_keepalive_after_10_s(void **state)
{
	uint64_t born = start_session(4), arrived = born + sim.latency_ns;

	(void)state;
	sim_run_until(&sim, arrived + 10 * SEC - 1);
	assert_int_equal(sim.nodes[1].sent[SIM_KEEPALIVE].n, 0);
	sim_run_until(&sim, arrived + 10 * SEC);
	assert_int_equal(sim.nodes[1].sent[SIM_KEEPALIVE].n, 1);
	/* Two idle ends stay silent: a keepalive does not ask for another. */
	sim_run_until(&sim, born + 119 * SEC);
	assert_int_equal(sim.nodes[1].sent[SIM_KEEPALIVE].n, 1);
	assert_int_equal(sim.nodes[0].sent[SIM_KEEPALIVE].n, 0);
	sim_run_until(&sim, born + 1000 * SEC);
	assert_int_equal(sim.nodes[0].sent[WG_MESSAGE_INITIATION].n, 1);
	assert_int_equal(sim.nodes[1].sent[WG_MESSAGE_INITIATION].n, 0);
	sim_done(&sim);
}

/* Data that comes while a keepalive is due already asks for one more. */
static void test_another_keepalive(void **state)
{
	uint64_t born = start_session(21), arrived = born + sim.latency_ns;

	(void)state;
	sim_run_until(&sim, arrived + 5 * SEC);
	assert_int_equal(sim_send(&sim, 0, 1, 1), 0);
	sim_run_until(&sim, arrived + 10 * SEC);
	assert_int_equal(sim.nodes[1].sent[SIM_KEEPALIVE].n, 1);
	sim_run_until(&sim, arrived + 20 * SEC - 1);
	assert_int_equal(sim.nodes[1].sent[SIM_KEEPALIVE].n, 1);
	sim_run_until(&sim, arrived + 20 * SEC);
	assert_int_equal(sim.nodes[1].sent[SIM_KEEPALIVE].n, 2);
	sim_run_until(&sim, born + 119 * SEC);
	assert_int_equal(sim.nodes[1].sent[SIM_KEEPALIVE].n, 2);
	sim_done(&sim);
}

static void test_no_keepalive_when_data_answers(void **state)
{
	uint64_t born = start_session(5);

	(void)state;
	while (sim.now_ns < born + 100 * SEC) {
		(void)sim_send(&sim, 0, 1, 1);
		sim_run_for(&sim, 4 * SEC);
		(void)sim_send(&sim, 1, 0, 1);
		sim_run_for(&sim, 4 * SEC);
	}
	assert_int_equal(sim.nodes[0].sent[SIM_KEEPALIVE].n, 0);
	assert_int_equal(sim.nodes[1].sent[SIM_KEEPALIVE].n, 0);
	sim_done(&sim);
}

static void test_new_session_after_15_s_of_silence(void **state)
{
	uint64_t at;

	(void)state;
	(void)start_session(6);
	sim_run_for(&sim, 20 * SEC);
	sim.tap = drop_from_1;
	at = sim.now_ns;
	assert_int_equal(sim_send(&sim, 0, 1, 1), 0);
	sim_run_until(&sim, at + 15 * SEC - 1);
	assert_int_equal(sim.nodes[0].sent[WG_MESSAGE_INITIATION].n, 1);
	sim_run_until(&sim, at + 15 * SEC + WG_JITTER_MAX_NS);
	assert_int_equal(sim.nodes[0].sent[WG_MESSAGE_INITIATION].n, 2);
	sim_done(&sim);
}

static void test_retries_and_gives_up(void **state)
{
	uint64_t began, last = 0, least = LS_NEVER, most = 0;
	unsigned n = 0;

	(void)state;
	sim_init(&sim, 2, 7);
	sim_link(&sim, 0, 1);
	sim.tap = drop_all;
	began = sim.now_ns;
	(void)sim_send(&sim, 0, 1, 1);
	while (sim.now_ns < began + 200 * SEC) {
		const struct sim_count *sent = &sim.nodes[0].sent[WG_MESSAGE_INITIATION];

		if (sent->n != n) {
			if (n > 0) {
				uint64_t gap = sent->last_ns - last;

				assert_in_range(gap, WG_REKEY_TIMEOUT_NS,
				                WG_REKEY_TIMEOUT_NS + WG_JITTER_MAX_NS);
				least = gap < least ? gap : least;
				most = gap > most ? gap : most;
			}
			n = sent->n;
			last = sent->last_ns;
		}
		sim_run_for(&sim, SEC / 20);
	}
	assert_in_range(n, 17, 19);
	assert_in_range(last, began + 84 * SEC, began + 90 * SEC);
	assert_true(most - least > 50 * LS_NS_PER_MS); /* jitter */
	assert_null(peer_of(0, 1)->staged.head);
	/* A new packet starts a new row. */
	sim.tap = NULL;
	(void)sim_send(&sim, 0, 1, 2);
	sim_run_for(&sim, SEC);
	assert_int_equal(sim.nodes[1].delivered, 1);
	assert_int_equal(sim.nodes[1].last_delivered, 2);
	sim_done(&sim);
}

static void test_keys_are_zeroed_after_540_s(void **state)
{
	uint64_t born = start_session(8);
	const struct wg_peer *peer = peer_of(0, 1);

	(void)state;
	sim_run_until(&sim, born + 540 * SEC - 1);
	assert_non_null(peer->keypairs.current);
	sim_run_until(&sim, born + 540 * SEC);
	assert_null(peer->keypairs.current);
	assert_null(peer->keypairs.previous);
	assert_null(peer->keypairs.next);
	assert_int_equal(sim.nodes[0].dev->indices.count, 0);
	assert_int_equal(wg_device_next_deadline(sim.nodes[0].dev), LS_NEVER);
	sim_done(&sim);
}

/* A handshake that never finished leaves no ephemeral key either. */
static void test_abandoned_handshake_is_zeroed(void **state)
{
	const struct wg_peer *peer;

	(void)state;
	sim_init(&sim, 2, 9);
	sim_link(&sim, 0, 1);
	sim.tap = drop_all;
	(void)sim_send(&sim, 0, 1, 1);
	peer = peer_of(0, 1);
	sim_run_for(&sim, 100 * SEC);
	assert_int_not_equal(peer->initiator_index, 0);
	sim_run_for(&sim, 540 * SEC);
	assert_int_equal(peer->initiator_index, 0);
	assert_true(key_is_zero(peer->initiator.ephemeral.b));
	sim_done(&sim);
}

static void test_persistent_keepalive(void **state)
{
	uint64_t began;
	unsigned keepalives;

	(void)state;
	sim_init(&sim, 2, 10);
	sim_link(&sim, 0, 1);
	began = sim.now_ns;
	sim_set_keepalive(&sim, 0, 1, 25);
	/* It speaks at once: the handshake, then the packet that confirms it. */
	sim_run_for(&sim, SEC);
	assert_int_equal(sim.nodes[0].sent[WG_MESSAGE_INITIATION].n, 1);
	assert_int_equal(sim.nodes[0].sent[SIM_KEEPALIVE].n, 1);
	sim_run_until(&sim, began + 24 * SEC);
	assert_int_equal(sim.nodes[0].sent[SIM_KEEPALIVE].n, 1);
	sim_run_until(&sim, began + 26 * SEC);
	assert_int_equal(sim.nodes[0].sent[SIM_KEEPALIVE].n, 2);
	/* Set to the same over and over, it is not put off. */
	for (unsigned s = 30; s <= 76; s += 5) {
		sim_run_until(&sim, began + s * SEC);
		sim_set_keepalive(&sim, 0, 1, 25);
	}
	sim_run_until(&sim, began + 76 * SEC);
	assert_int_equal(sim.nodes[0].sent[SIM_KEEPALIVE].n, 4);
	/* For hours, over rekeys, and at no time without a session for long. */
	sim_run_until(&sim, began + 7200 * SEC);
	keepalives = sim.nodes[0].sent[SIM_KEEPALIVE].n;
	assert_in_range(keepalives, 7200 / 25 - 5, 7200 / 25 + 60);
	assert_in_range(sim.nodes[0].sent[WG_MESSAGE_INITIATION].n, 7200 / 151, 7200 / 119);
	assert_int_equal(sim_send(&sim, 1, 0, 1), 0);
	/* Turned off, it stops. */
	sim_set_keepalive(&sim, 0, 1, 0);
	sim_run_for(&sim, 60 * SEC);
	keepalives = sim.nodes[0].sent[SIM_KEEPALIVE].n;
	sim_run_for(&sim, 600 * SEC);
	assert_int_equal(sim.nodes[0].sent[SIM_KEEPALIVE].n, keepalives);
	sim_done(&sim);
}

/* It goes on trying when nobody answers for longer than a row of retries lasts. */
static void test_persistent_keepalive_survives_an_outage(void **state)
{
	(void)state;
	(void)start_session(11);
	sim_set_keepalive(&sim, 0, 1, 25);
	sim_run_for(&sim, 100 * SEC);
	sim.tap = drop_all;
	sim_run_for(&sim, 2000 * SEC);
	sim.tap = NULL;
	sim_run_for(&sim, 30 * SEC);
	assert_int_equal(sim_send(&sim, 1, 0, 5), 0);
	sim_run_for(&sim, SEC);
	assert_int_equal(sim.nodes[0].last_delivered, 5);
	sim_done(&sim);
}

static void test_rekey_by_message_count(void **state)
{
	struct wg_peer *peer;

	(void)state;
	(void)start_session(12);
	sim_run_for(&sim, 10 * SEC);
	peer = peer_of(0, 1);
	peer->keypairs.current->send_counter = WG_REKEY_AFTER_MESSAGES;
	assert_int_equal(sim_send(&sim, 0, 1, 1), 0);
	assert_int_equal(sim.nodes[0].sent[WG_MESSAGE_INITIATION].n, 2);
	sim_run_for(&sim, SEC);
	assert_int_equal(sim.nodes[1].last_delivered, 1);
	assert_true(peer->keypairs.current->send_counter < 10);
	/* At the very end nothing is sent, and nothing is lost. */
	sim_run_for(&sim, 10 * SEC);
	peer->keypairs.current->send_counter = WG_REJECT_AFTER_MESSAGES - 1;
	assert_int_equal(sim_send(&sim, 0, 1, 2), 0);
	assert_int_equal(sim_send(&sim, 0, 1, 3), -ENOKEY);
	sim_run_for(&sim, SEC);
	assert_int_equal(sim.nodes[1].seen[2], 1);
	assert_int_equal(sim.nodes[1].seen[3], 1);
	sim_done(&sim);
}

/* A batch takes its counters at once, or nothing. */
static void test_batch_at_the_limit(void **state)
{
	static uint8_t buf[8][128];
	struct wg_seal batch[8];
	struct wg_path path;
	struct wg_peer *peer;

	(void)state;
	(void)start_session(13);
	peer = peer_of(0, 1);
	for (size_t i = 0; i < 8; i++)
		batch[i] = (struct wg_seal){.data = buf[i], .len = 64};
	peer->keypairs.current->send_counter = WG_REJECT_AFTER_MESSAGES - 7;
	assert_int_equal(wg_peer_seal(peer, batch, 8, sim.now_ns, &path), -ENOKEY);
	assert_int_equal(peer->keypairs.current->send_counter, WG_REJECT_AFTER_MESSAGES - 7);
	assert_int_equal(wg_peer_seal(peer, batch, 7, sim.now_ns, &path), 0);
	assert_int_equal(peer->keypairs.current->send_counter, WG_REJECT_AFTER_MESSAGES);
	sim_done(&sim);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_initiator_rekeys_after_120_s),
	        cmocka_unit_test(test_responder_does_not_rekey),
	        cmocka_unit_test(test_receiving_initiator_rekeys_at_165_s),
	        cmocka_unit_test(test_sessions_end_at_180_s),
	        cmocka_unit_test(test_keepalive_after_10_s),
	        cmocka_unit_test(test_another_keepalive),
	        cmocka_unit_test(test_no_keepalive_when_data_answers),
	        cmocka_unit_test(test_new_session_after_15_s_of_silence),
	        cmocka_unit_test(test_retries_and_gives_up),
	        cmocka_unit_test(test_keys_are_zeroed_after_540_s),
	        cmocka_unit_test(test_abandoned_handshake_is_zeroed),
	        cmocka_unit_test(test_persistent_keepalive),
	        cmocka_unit_test(test_persistent_keepalive_survives_an_outage),
	        cmocka_unit_test(test_rekey_by_message_count),
	        cmocka_unit_test(test_batch_at_the_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
