/* SPDX-License-Identifier: Apache-2.0 */
/* Networks that lose, reorder, duplicate and replay packets, and outsiders who flood a device. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "sim.h"
#include "wg/cookie.h"
#include "wg/noise.h"

#define SEC LS_NS_PER_S

static struct sim sim;

/* Remembers datagrams and puts old ones back on the wire. */
struct recorder {
	struct sim_datagram kept[256];
	unsigned count;
	unsigned replayed;
};

static bool record(struct sim *s, struct sim_datagram *d, void *user)
{
	struct recorder *r = user;

	r->kept[sim_random(s) % 256] = *d;
	r->count++;
	if (r->count > 256 && sim_random(s) % 4 == 0) {
		const struct sim_datagram *old = &r->kept[sim_random(s) % 256];

		if (old->len > 0) {
			sim_inject(s, &old->src, &old->dst, old->data, old->len);
			r->replayed++;
		}
	}
	return true;
}

static void test_lossy_network(void **state)
{
	static struct recorder recorder;
	uint32_t number = 0;
	unsigned lost = 0, twice = 0;

	(void)state;
	sim_init(&sim, 2, 42);
	sim_link(&sim, 0, 1);
	sim.loss_percent = 20;
	sim.duplicate_percent = 20;
	sim.spread_ns = 200 * LS_NS_PER_MS;
	sim.tap = record;
	sim.tap_user = &recorder;
	for (; number < 20000; number++) {
		(void)sim_send(&sim, 0, 1, number);
		if (number % 2)
			(void)sim_send(&sim, 1, 0, number);
		sim_run_for(&sim, 60 * LS_NS_PER_MS);
	}
	sim_run_for(&sim, 5 * SEC);
	for (uint32_t i = 0; i < number; i++) {
		lost += sim.nodes[1].seen[i] == 0;
		twice += sim.nodes[1].seen[i] > 1 || sim.nodes[0].seen[i] > 1;
	}
	assert_int_equal(twice, 0);
	/* What the network loses and nothing more: no gap when sessions are renewed. */
	assert_in_range(lost * 1000 / number, 170, 220);
	assert_in_range(sim.nodes[0].sent[WG_MESSAGE_INITIATION].n +
	                        sim.nodes[1].sent[WG_MESSAGE_INITIATION].n,
	                9, 40);
	assert_true(recorder.replayed > 1000);
	sim_done(&sim);
}

/* Reordering within the window costs nothing. */
static void test_reordering(void **state)
{
	unsigned missing = 0;

	(void)state;
	sim_init(&sim, 2, 43);
	sim_link(&sim, 0, 1);
	(void)sim_send(&sim, 0, 1, 0);
	sim_run_for(&sim, SEC);
	sim.spread_ns = SEC;
	for (uint32_t i = 1; i < 5000; i++) {
		(void)sim_send(&sim, 0, 1, i);
		sim_run_for(&sim, LS_NS_PER_MS);
	}
	sim_run_for(&sim, 2 * SEC);
	for (uint32_t i = 0; i < 5000; i++)
		missing += sim.nodes[1].seen[i] != 1;
	assert_int_equal(missing, 0);
	sim_done(&sim);
}

/* Someone who knows the target's public key, as anyone may, and makes initiations with a valid mac1
 * and a static key that the target does not know. */
struct flooder {
	const struct sim_node *target;
	struct wg_initiation forged[8];
	struct cookie_maker cookies; /* of one address */
	unsigned sent;
};

static void flooder_init(struct flooder *f, unsigned target)
{
	memset(f, 0, sizeof(*f));
	f->target = &sim.nodes[target];
	for (unsigned i = 0; i < 8; i++) {
		struct noise_identity identity = {0};
		struct noise_remote remote = {.public_key = f->target->public_key};
		struct noise_initiator initiator;
		struct wg_private_key key = {.b = {[1] = (uint8_t)(i + 1), [31] = 64}};

		wg_noise_identity_set(&identity, &key);
		key.b[2] = 1;
		assert_int_equal(wg_noise_make_initiation(&identity, &remote, &key,
		                                          wg_tai64n_of_unix(1, 0), &initiator,
		                                          &f->forged[i]),
		                 0);
		f->forged[i].type = ls_le32_of(WG_MESSAGE_INITIATION);
	}
}

static void flood_one(struct flooder *f, const struct ls_endpoint *src)
{
	struct wg_initiation msg = f->forged[f->sent % 8];

	msg.sender = ls_le32_of(++f->sent);
	wg_cookie_add_macs(&f->cookies, &f->target->public_key, &msg, sizeof(msg), sim.now_ns);
	sim_inject(&sim, src, &f->target->address, &msg, sizeof(msg));
}

static struct ls_endpoint random_source(void)
{
	uint64_t r = sim_random(&sim);
	struct ls_endpoint ep = {.ip.family = LS_FAMILY_V4, .port = (uint16_t)(r >> 40)};

	memcpy(ep.ip.b, &r, 4);
	return ep;
}

/* Five floods of 2,000 a second from changing addresses, while node 0 connects, uses and renews. */
static void test_flood_from_many_sources(void **state)
{
	static struct flooder flooder;
	uint64_t began;

	(void)state;
	sim_init(&sim, 2, 44);
	sim_link(&sim, 0, 1);
	flooder_init(&flooder, 1);
	began = sim.now_ns;
	while (sim.now_ns < began + 25 * SEC) {
		struct ls_endpoint src = random_source();

		flood_one(&flooder, &src);
		if (flooder.sent == 10000) { /* when the flood has lasted five seconds */
			assert_true(sim.nodes[1].sent[WG_MESSAGE_COOKIE].n > 8000);
			(void)sim_send(&sim, 0, 1, 1);
		}
		if (flooder.sent > 10000)
			assert_in_range(sim.nodes[0].sent[WG_MESSAGE_INITIATION].n, 1, 2);
		sim_run_for(&sim, SEC / 2000);
	}
	/* In by the second try, the one with the cookie; nobody else got an answer. */
	assert_int_equal(sim.nodes[1].seen[1], 1);
	assert_int_equal(sim.nodes[1].sent[WG_MESSAGE_RESPONSE].n, 1);
	/* The flood over, cookies are not asked for any more. */
	sim_run_for(&sim, 130 * SEC);
	sim.nodes[1].sent[WG_MESSAGE_COOKIE].n = 0;
	(void)sim_send(&sim, 0, 1, 2);
	sim_run_for(&sim, SEC);
	assert_int_equal(sim.nodes[1].sent[WG_MESSAGE_COOKIE].n, 0);
	assert_int_equal(sim.nodes[1].sent[WG_MESSAGE_RESPONSE].n, 2);
	sim_done(&sim);
}

/* The flood hits the one who initiates: the response needs a cookie, too, and gets one. */
static void test_flood_at_the_initiator(void **state)
{
	static struct flooder flooder;
	uint64_t began;

	(void)state;
	sim_init(&sim, 2, 48);
	sim_link(&sim, 0, 1);
	flooder_init(&flooder, 0);
	began = sim.now_ns;
	while (sim.now_ns < began + 12 * SEC) {
		struct ls_endpoint src = random_source();

		flood_one(&flooder, &src);
		if (flooder.sent == 4000)
			(void)sim_send(&sim, 0, 1, 1);
		sim_run_for(&sim, SEC / 2000);
	}
	assert_int_equal(sim.nodes[1].seen[1], 1);
	assert_int_equal(sim.nodes[1].sent[WG_MESSAGE_RESPONSE].n, 2);
	sim_done(&sim);
}

static bool read_cookies(struct sim *s, struct sim_datagram *d, void *user)
{
	struct flooder *f = user;

	if (d->data[0] != WG_MESSAGE_COOKIE || ls_endpoint_equal(&d->dst, &s->nodes[0].address))
		return true;
	(void)wg_cookie_take_reply(&f->cookies, &s->nodes[1].public_key, (const void *)d->data,
	                           s->now_ns);
	return false;
}

/* One real address that does collect cookies and floods with them: limited by its source. */
static void test_flood_from_one_source(void **state)
{
	static struct flooder flooder;
	struct ls_endpoint src;
	uint64_t began;
	unsigned before;

	(void)state;
	sim_init(&sim, 2, 45);
	sim_link(&sim, 0, 1);
	flooder_init(&flooder, 1);
	sim.tap = read_cookies;
	sim.tap_user = &flooder;
	sim.latency_ns = SEC / 4000; /* so that it catches its cookie between two messages */
	src = random_source();
	began = sim.now_ns;
	while (sim.now_ns < began + 20 * SEC) {
		flood_one(&flooder, &src);
		if (flooder.sent == 10000)
			(void)sim_send(&sim, 0, 1, 1);
		sim_run_for(&sim, SEC / 2000);
	}
	assert_true(flooder.cookies.cookie_until_ns > 0);
	assert_int_equal(sim.nodes[1].seen[1], 1);
	/* With its cookie it gets no more replies: it is dropped in silence. */
	before = sim.nodes[1].sent[WG_MESSAGE_COOKIE].n;
	for (int i = 0; i < 2000; i++) {
		flood_one(&flooder, &src);
		sim_run_for(&sim, SEC / 2000);
	}
	assert_int_equal(sim.nodes[1].sent[WG_MESSAGE_COOKIE].n, before);
	sim_done(&sim);
}

/* A cookie from somewhere else neither moves the peer nor is believed. */
static bool move_cookies(struct sim *s, struct sim_datagram *d, void *user)
{
	(void)s;
	if (d->data[0] == WG_MESSAGE_COOKIE) {
		d->src = *(struct ls_endpoint *)user;
	}
	return true;
}

static void test_cookie_replies_do_not_move_peers(void **state)
{
	static struct flooder flooder;
	struct ls_endpoint elsewhere, known;

	(void)state;
	sim_init(&sim, 2, 46);
	sim_link(&sim, 0, 1);
	flooder_init(&flooder, 1);
	for (int i = 0; i < 2000; i++) {
		struct ls_endpoint src = random_source();

		flood_one(&flooder, &src);
		sim_run_for(&sim, SEC / 2000);
	}
	elsewhere = random_source();
	sim.tap = move_cookies;
	sim.tap_user = &elsewhere;
	(void)sim_send(&sim, 0, 1, 1);
	sim_run_for(&sim, SEC / 2);
	assert_true(sim.nodes[1].sent[WG_MESSAGE_COOKIE].n > 0);
	assert_int_equal(sim.nodes[1].delivered, 0);
	known = sim_peer(&sim, 0).endpoint;
	assert_true(ls_endpoint_equal(&known, &sim.nodes[1].address));
	sim_done(&sim);
}

/* Changes the first byte of mac1 in messages of the type *user. */
static bool damage_mac1(struct sim *s, struct sim_datagram *d, void *user)
{
	(void)s;
	if (d->data[0] == *(uint8_t *)user)
		d->data[d->len - sizeof(struct wg_macs)] ^= 1;
	return true;
}

/* Whoever does not know the public key of a device hears nothing from it. */
static void test_nothing_without_mac1(void **state)
{
	uint8_t type = WG_MESSAGE_INITIATION;

	(void)state;
	sim_init(&sim, 2, 48);
	sim_link(&sim, 0, 1);
	sim.tap = damage_mac1;
	sim.tap_user = &type;
	(void)sim_send(&sim, 0, 1, 1);
	sim_run_for(&sim, SEC);
	assert_int_equal(sim.nodes[0].sent[WG_MESSAGE_INITIATION].n, 1);
	assert_int_equal(sim.nodes[1].sent[WG_MESSAGE_RESPONSE].n, 0);
	type = WG_MESSAGE_RESPONSE;
	sim_run_for(&sim, 6 * SEC);
	assert_true(sim.nodes[1].sent[WG_MESSAGE_RESPONSE].n > 0);
	assert_int_equal(sim.nodes[1].delivered, 0);
	sim.tap = NULL;
	sim_run_for(&sim, 6 * SEC);
	assert_int_equal(sim.nodes[1].delivered, 1);
	sim_done(&sim);
}

/* Initiations of a known peer faster than 50 a second are not worth answering. */
static void test_one_peer_cannot_flood(void **state)
{
	struct noise_identity identity = {0};
	struct noise_remote remote = {0};
	struct cookie_maker maker = {0};
	unsigned sent = 0;

	(void)state;
	sim_init(&sim, 2, 47);
	sim_link(&sim, 0, 1);
	wg_noise_identity_set(&identity, &sim.nodes[0].private_key);
	remote.public_key = sim.nodes[1].public_key;
	for (; sent < 200; sent++) {
		struct wg_initiation msg = {.type = ls_le32_of(WG_MESSAGE_INITIATION)};
		struct noise_initiator initiator;
		struct wg_private_key ephemeral = {.b = {[1] = (uint8_t)sent, [31] = 64}};

		assert_int_equal(wg_noise_make_initiation(&identity, &remote, &ephemeral,
		                                          wg_tai64n_of_unix(1000 + sent, 0),
		                                          &initiator, &msg),
		                 0);
		wg_cookie_add_macs(&maker, &remote.public_key, &msg, sizeof(msg), sim.now_ns);
		sim_inject(&sim, &sim.nodes[0].address, &sim.nodes[1].address, &msg, sizeof(msg));
		sim_run_for(&sim, 5 * LS_NS_PER_MS);
	}
	assert_in_range(sim.nodes[1].sent[WG_MESSAGE_RESPONSE].n, 48, 51);
	sim_done(&sim);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_lossy_network),
	        cmocka_unit_test(test_reordering),
	        cmocka_unit_test(test_flood_from_many_sources),
	        cmocka_unit_test(test_flood_from_one_source),
	        cmocka_unit_test(test_flood_at_the_initiator),
	        cmocka_unit_test(test_cookie_replies_do_not_move_peers),
	        cmocka_unit_test(test_nothing_without_mac1),
	        cmocka_unit_test(test_one_peer_cannot_flood),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
