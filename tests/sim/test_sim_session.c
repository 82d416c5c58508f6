/* SPDX-License-Identifier: Apache-2.0 */
/* Sessions over a network without loss: who may start one, staged packets, keys, roaming, restarts,
 * and what outsiders and other peers cannot do. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>

#include "sim.h"

#define SEC LS_NS_PER_S

static struct sim sim;

/* Keeps a copy of the last datagram of each type that node 0 sent. */
static struct sim_datagram captured[SIM_TYPES];

static bool capture(struct sim *s, struct sim_datagram *d, void *user)
{
	(void)user;
	if (ls_endpoint_equal(&d->src, &s->nodes[0].address))
		captured[d->data[0]] = *d;
	return true;
}

static void start_session(uint64_t seed)
{
	memset(captured, 0, sizeof(captured));
	sim_init(&sim, 2, seed);
	sim_link(&sim, 0, 1);
	sim.tap = capture;
	(void)sim_send(&sim, 0, 1, 0);
	sim_run_for(&sim, SEC);
	assert_int_equal(sim.nodes[1].delivered, 1);
}

static void replay(const struct sim_datagram *d, const struct ls_endpoint *src)
{
	sim_inject(&sim, src, &d->dst, d->data, d->len);
	sim_run_for(&sim, SEC);
}

static void test_first_packets_are_staged(void **state)
{
	(void)state;
	sim_init(&sim, 2, 1);
	sim_link(&sim, 0, 1);
	for (uint32_t i = 0; i < 3; i++)
		assert_int_equal(sim_send(&sim, 0, 1, i), -ENOKEY);
	sim_run_for(&sim, SEC);
	assert_int_equal(sim.nodes[1].delivered, 3);
	assert_int_equal(sim.nodes[1].last_delivered, 2); /* in order */
	assert_int_equal(sim.nodes[0].sent[WG_MESSAGE_INITIATION].n, 1);
	assert_int_equal(sim.nodes[1].sent[WG_MESSAGE_RESPONSE].n, 1);
	/* The responder may send now: it was confirmed. */
	assert_int_equal(sim_send(&sim, 1, 0, 7), 0);
	sim_run_for(&sim, SEC);
	assert_int_equal(sim.nodes[0].last_delivered, 7);
	assert_int_equal(sim.nodes[1].sent[WG_MESSAGE_INITIATION].n, 0);
	assert_true(sim.nodes[0].changed >= 1 && sim.nodes[1].changed >= 1);
	assert_int_equal(sim_peer(&sim, 0).last_handshake_s, 1750000000);
	assert_int_equal(sim_peer(&sim, 0).tx_bytes, 148 + 3 * (64 + 32));
	assert_int_equal(sim_peer(&sim, 0).rx_bytes, 92 + 64 + 32);
	sim_done(&sim);
}

static bool drop_data_from_0(struct sim *s, struct sim_datagram *d, void *user)
{
	(void)user;
	return d->data[0] != WG_MESSAGE_DATA || !ls_endpoint_equal(&d->src, &s->nodes[0].address);
}

static void test_responder_waits_for_the_first_packet(void **state)
{
	(void)state;
	sim_init(&sim, 2, 2);
	sim_link(&sim, 0, 1);
	sim.tap = drop_data_from_0;
	(void)sim_send(&sim, 0, 1, 1);
	sim_run_for(&sim, SEC);
	assert_int_equal(sim_send(&sim, 1, 0, 2), -ENOKEY);
	sim_run_for(&sim, SEC);
	assert_int_equal(sim.nodes[1].sent[WG_MESSAGE_DATA].n, 0);
	assert_int_equal(sim.nodes[0].delivered, 0);
	/* It does not wait for ever: its own handshake comes when the other's seems dead. */
	sim_run_for(&sim, 10 * SEC);
	assert_int_equal(sim.nodes[0].last_delivered, 2);
	sim_done(&sim);
}

static void test_simultaneous_initiation(void **state)
{
	(void)state;
	sim_init(&sim, 2, 3);
	sim_link(&sim, 0, 1);
	(void)sim_send(&sim, 0, 1, 1);
	(void)sim_send(&sim, 1, 0, 2);
	sim_run_for(&sim, SEC); /* without a retry, which would take five */
	assert_int_equal(sim.nodes[1].last_delivered, 1);
	assert_int_equal(sim.nodes[0].last_delivered, 2);
	for (uint32_t i = 10; i < 20; i++) {
		assert_int_equal(sim_send(&sim, i % 2, 1 - i % 2, i), 0);
		sim_run_for(&sim, SEC);
		assert_int_equal(sim.nodes[1 - i % 2].last_delivered, i);
	}
	sim_done(&sim);
}

static void test_only_one_knows_the_endpoint(void **state)
{
	(void)state;
	sim_init(&sim, 2, 4);
	sim_add_peer(&sim, 0, 1, true);
	sim_add_peer(&sim, 1, 0, false);
	assert_int_equal(sim_send(&sim, 1, 0, 1), -EDESTADDRREQ); /* staged all the same */
	(void)sim_send(&sim, 0, 1, 2);
	sim_run_for(&sim, SEC);
	assert_int_equal(sim.nodes[1].last_delivered, 2);
	assert_int_equal(sim.nodes[0].last_delivered, 1);
	sim_done(&sim);
}

static struct ls_ip second_address(unsigned node)
{
	struct ls_ip ip = {.family = LS_FAMILY_V4, .b = {192, 0, 2, (uint8_t)(101 + node)}};

	return ip;
}

static struct ls_ip last_source;

static bool note_source(struct sim *s, struct sim_datagram *d, void *user)
{
	(void)user;
	if (ls_endpoint_equal(&d->dst, &s->nodes[0].address))
		last_source = d->src.ip;
	return true;
}

/* Node 0 knows the second address of node 1. */
static void start_second(uint64_t seed)
{
	struct wg_config config = {0};
	struct wg_peer_config *peer;

	sim_init(&sim, 2, seed);
	sim_link(&sim, 0, 1);
	sim.tap = note_source;
	sim.nodes[1].second = second_address(1);
	peer = wg_config_add_peer(&config, &sim.nodes[1].public_key);
	peer->flags = WG_PEER_ENDPOINT;
	peer->endpoint = sim.nodes[1].address;
	peer->endpoint.ip = second_address(1);
	sim_configure(&sim, 0, &config);
	wg_config_done(&config);
	(void)sim_send(&sim, 0, 1, 1);
	sim_run_for(&sim, SEC);
	assert_int_equal(sim.nodes[1].last_delivered, 1);
}

static void assert_answers_from(const struct ls_ip *ip, uint32_t number)
{
	assert_int_equal(sim_send(&sim, 1, 0, number), 0);
	sim_run_for(&sim, SEC);
	assert_int_equal(sim.nodes[0].last_delivered, number);
	assert_true(ls_ip_equal(&last_source, ip));
}

/* Whatever a peer gets comes from the address that it talks to. */
static void test_answers_leave_from_the_address_asked(void **state)
{
	const struct ls_ip second = second_address(1);
	struct ls_ip first;
	unsigned asked;

	(void)state;
	start_second(40);
	first = sim.nodes[1].address.ip;
	assert_true(ls_ip_equal(&last_source, &second)); /* the handshake's answer */
	asked = sim.nodes[1].asked;
	for (uint32_t i = 2; i < 6; i++)
		assert_answers_from(&second, i);
	assert_int_equal(sim.nodes[1].asked, asked); /* not for each datagram */

	/* The routes change. The address is still good; then it is not; then it is again. */
	wg_device_routes_changed(sim.nodes[1].dev);
	assert_answers_from(&second, 6);
	assert_int_equal(sim.nodes[1].asked, asked + 1);
	sim.nodes[1].route = WG_ROUTE_FROM_ANY;
	assert_answers_from(&second, 7); /* it was not told */
	wg_device_routes_changed(sim.nodes[1].dev);
	assert_answers_from(&first, 8);
	sim.nodes[1].route = WG_ROUTE_FROM_LOCAL;
	wg_device_routes_changed(sim.nodes[1].dev);
	(void)sim_send(&sim, 0, 1, 9); /* node 0 has roamed to the first address */
	sim_run_for(&sim, SEC);
	assert_answers_from(&first, 10);
	sim_done(&sim);
}

/* When the peer is silent, our address may be the reason: the host's routing chooses again. */
static void test_silence_forgets_the_local_address(void **state)
{
	const struct ls_ip second = second_address(1);
	struct ls_ip first;

	(void)state;
	start_second(41);
	first = sim.nodes[1].address.ip;
	assert_answers_from(&second, 2);
	sim.loss_percent = 100;
	(void)sim_send(&sim, 1, 0, 3);
	sim_run_for(&sim, 17 * SEC); /* a new handshake is tried after 15 s */
	sim.loss_percent = 0;
	sim_run_for(&sim, 10 * SEC);
	assert_true(ls_ip_equal(&last_source, &first));
	sim_done(&sim);
}

/* A path that leads back into the tunnel is not used, in no kind of message. */
static void test_no_datagram_into_its_own_tunnel(void **state)
{
	unsigned sent = 0;

	(void)state;
	start_session(42);
	sim.nodes[0].route = WG_ROUTE_INTO_TUNNEL;
	wg_device_routes_changed(sim.nodes[0].dev);
	for (unsigned i = 0; i < SIM_TYPES; i++)
		sent += sim.nodes[0].sent[i].n;
	assert_int_equal(sim_send(&sim, 0, 1, 1), -ELOOP);
	sim_set_keepalive(&sim, 0, 1, 1);
	(void)sim_send(&sim, 1, 0, 2); /* wants a keepalive, and new sessions later */
	sim_run_for(&sim, 300 * SEC);
	(void)sim_send(&sim, 1, 0, 3); /* an initiation, which is not answered */
	sim_run_for(&sim, 20 * SEC);
	for (unsigned i = 0; i < SIM_TYPES; i++)
		sent -= sim.nodes[0].sent[i].n;
	assert_int_equal(sent, 0);
	sim.nodes[0].route = WG_ROUTE_FROM_LOCAL;
	wg_device_routes_changed(sim.nodes[0].dev);
	(void)sim_send(&sim, 0, 1, 4);
	sim_run_for(&sim, 10 * SEC);
	assert_int_equal(sim.nodes[1].last_delivered, 4);
	sim_done(&sim);
}

/* The device recognises what it sent, and nothing else. */
static void test_recognises_its_own_messages(void **state)
{
	(void)state;
	start_session(43);
	sim.nodes[1].second = second_address(1);
	(void)sim_send(&sim, 0, 1, 1);
	sim_run_for(&sim, SEC);
	for (unsigned type = WG_MESSAGE_INITIATION; type <= WG_MESSAGE_DATA; type++) {
		const struct sim_datagram *d = &captured[type];

		if (d->len == 0)
			continue;
		assert_true(wg_device_made(sim.nodes[0].dev, d->data, d->len));
		assert_false(wg_device_made(sim.nodes[1].dev, d->data, d->len));
		assert_false(wg_device_made(sim.nodes[1].dev, d->data, d->len));
		assert_false(wg_device_made(sim.nodes[0].dev, d->data, 15));
	}
	assert_true(captured[WG_MESSAGE_DATA].len > 0 && captured[WG_MESSAGE_INITIATION].len > 0);
	sim_done(&sim);
}

/* What waits for a peer that nobody knows the place of does not wait for ever. */
static void test_staged_without_endpoint_is_given_up(void **state)
{
	(void)state;
	sim_init(&sim, 2, 16);
	sim_add_peer(&sim, 0, 1, false);
	sim_add_peer(&sim, 1, 0, false);
	assert_int_equal(sim_send(&sim, 0, 1, 1), -EDESTADDRREQ);
	sim_run_for(&sim, 60 * SEC);
	sim_add_peer(&sim, 0, 1, true); /* learnt in time */
	sim_run_for(&sim, SEC);
	assert_int_equal(sim.nodes[1].last_delivered, 1);
	sim_restart(&sim, 0);
	sim_add_peer(&sim, 0, 1, false);
	assert_int_equal(sim_send(&sim, 0, 1, 2), -EDESTADDRREQ);
	sim_run_for(&sim, 100 * SEC);
	sim_add_peer(&sim, 0, 1, true); /* too late */
	assert_int_equal(wg_device_next_deadline(sim.nodes[0].dev) < sim.now_ns, false);
	sim_run_for(&sim, 100 * SEC);
	assert_int_equal(sim.nodes[1].seen[2], 0);
	assert_int_equal(sim.nodes[0].sent[WG_MESSAGE_INITIATION].n, 1);
	sim_done(&sim);
}

static void test_roaming(void **state)
{
	struct ls_endpoint home;
	unsigned changed;

	(void)state;
	start_session(5);
	home = sim.nodes[0].address;
	changed = sim.nodes[1].changed;
	sim.nodes[0].address.ip.b[3] = 77;
	sim.nodes[0].address.port = 1024;
	assert_int_equal(sim_send(&sim, 0, 1, 2), 0); /* data, not a handshake, moves it */
	sim_run_for(&sim, SEC);
	assert_int_equal(sim_peer(&sim, 1).endpoint.port, 1024);
	assert_int_equal(sim.nodes[1].changed, changed + 1);
	assert_int_equal(sim_send(&sim, 1, 0, 3), 0);
	sim_run_for(&sim, SEC);
	assert_int_equal(sim.nodes[0].last_delivered, 3);
	/* Replayed, damaged or unknown datagrams from elsewhere do not. */
	replay(&captured[WG_MESSAGE_DATA], &home);
	captured[WG_MESSAGE_DATA].data[20] ^= 1;
	captured[WG_MESSAGE_DATA].data[8] = 200; /* a fresh counter */
	replay(&captured[WG_MESSAGE_DATA], &home);
	replay(&captured[WG_MESSAGE_INITIATION], &home);
	assert_int_equal(sim_peer(&sim, 1).endpoint.port, 1024);
	/* A keepalive moves it as well. */
	sim.nodes[0].address = home;
	assert_int_equal(sim_send(&sim, 1, 0, 4), 0);
	sim_run_for(&sim, SEC);
	sim_set_keepalive(&sim, 0, 1, 1);
	sim_run_for(&sim, SEC);
	assert_int_equal(sim_peer(&sim, 1).endpoint.port, 51820);
	sim_done(&sim);
}

static void test_replays_are_refused(void **state)
{
	unsigned delivered;

	(void)state;
	start_session(6);
	delivered = sim.nodes[1].delivered;
	assert_int_equal(captured[WG_MESSAGE_INITIATION].len, sizeof(struct wg_initiation));
	replay(&captured[WG_MESSAGE_INITIATION], &sim.nodes[0].address);
	replay(&captured[WG_MESSAGE_DATA], &sim.nodes[0].address);
	assert_int_equal(sim.nodes[1].sent[WG_MESSAGE_RESPONSE].n, 1);
	assert_int_equal(sim.nodes[1].delivered, delivered);
	sim_done(&sim);
}

static void test_peer_cannot_use_addresses_of_another(void **state)
{
	(void)state;
	sim_init(&sim, 3, 7);
	sim_link(&sim, 0, 1);
	sim_link(&sim, 2, 1);
	(void)sim_send(&sim, 0, 1, 1);
	(void)sim_send(&sim, 2, 1, 2);
	sim_run_for(&sim, SEC);
	assert_int_equal(sim.nodes[1].delivered, 2);
	/* Node 2 claims node 0's address, which a prefix of its own must not help it to. */
	{
		struct wg_config config = {0};
		struct wg_peer_config *peer = wg_config_add_peer(&config, &sim.nodes[2].public_key);
		struct ls_prefix wide;
		uint8_t buf[256];
		struct wg_seal seal = {.data = buf};
		struct wg_open open = {.data = buf};
		struct wg_path path;

		assert_int_equal(ls_prefix_parse("10.0.0.0/8", &wide), 0);
		assert_int_equal(wg_config_add_allowed_ip(peer, &wide, false), 0);
		sim_configure(&sim, 1, &config);
		wg_config_done(&config);
		for (unsigned claimed = 0; claimed < 4; claimed++) {
			seal.len = sim_inner(claimed, 1, 3, 64, buf + WG_DATA_HEADER);
			assert_int_equal(wg_peer_seal(wg_device_route(sim.nodes[2].dev,
			                                              buf + WG_DATA_HEADER, 64),
			                              &seal, 1, sim.now_ns, &path),
			                 0);
			open.len = seal.sealed_len;
			path.remote = sim.nodes[2].address;
			wg_device_open(sim.nodes[1].dev, &path, &open, 1, sim.now_ns);
			/* 10.0.0.1 is node 0's and 10.0.0.2 nobody's but node 2's by the /8. */
			assert_int_equal(open.packet != NULL, claimed != 0);
		}
	}
	sim_done(&sim);
}

static void test_preshared_keys(void **state)
{
	(void)state;
	start_session(8);
	/* An update counts from the next handshake on; until both have it there is none. */
	sim_set_psk(&sim, 0, 1, 9);
	sim_run_for(&sim, 200 * SEC);
	(void)sim_send(&sim, 0, 1, 1);
	sim_run_for(&sim, 4 * SEC);
	assert_int_equal(sim.nodes[1].delivered, 1);
	sim_set_psk(&sim, 1, 0, 9);
	sim_run_for(&sim, 8 * SEC);
	assert_int_equal(sim.nodes[1].seen[1], 1);
	sim_done(&sim);
}

static void test_restarts(void **state)
{
	(void)state;
	start_session(9);
	/* The responder forgot everything: found out after 15 s of silence. */
	sim_restart(&sim, 1);
	sim_add_peer(&sim, 1, 0, true);
	assert_int_equal(sim_send(&sim, 0, 1, 1), 0);
	sim_run_for(&sim, 16 * SEC);
	assert_int_equal(sim_send(&sim, 0, 1, 2), 0);
	sim_run_for(&sim, SEC);
	assert_int_equal(sim.nodes[1].last_delivered, 2);
	/* The initiator forgot: it starts again and is taken at once. */
	sim_restart(&sim, 0);
	sim_add_peer(&sim, 0, 1, true);
	(void)sim_send(&sim, 0, 1, 3);
	sim_run_for(&sim, SEC);
	assert_int_equal(sim.nodes[1].last_delivered, 3);
	assert_int_equal(sim_send(&sim, 1, 0, 4), 0);
	sim_run_for(&sim, SEC);
	assert_int_equal(sim.nodes[0].last_delivered, 4);
	sim_done(&sim);
}

static void test_clock_steps_backwards(void **state)
{
	(void)state;
	start_session(10);
	sim.nodes[0].wall_offset_s = -86400;
	sim_run_for(&sim, 130 * SEC);
	assert_int_equal(sim_send(&sim, 0, 1, 1), 0); /* starts the rekey */
	sim_run_for(&sim, SEC);
	assert_int_equal(sim.nodes[0].sent[WG_MESSAGE_INITIATION].n, 2);
	assert_int_equal(sim.nodes[1].sent[WG_MESSAGE_RESPONSE].n, 2);
	/* Timestamps tell no more than 16 ms of the clock, and stay above those sent before. */
	sim_run_for(&sim, 130 * SEC);
	assert_int_equal(sim_send(&sim, 0, 1, 2), 0);
	sim_run_for(&sim, SEC);
	assert_int_equal(sim.nodes[1].sent[WG_MESSAGE_RESPONSE].n, 3);
	sim_done(&sim);
}

static void test_new_private_key(void **state)
{
	struct wg_config config = {.flags = WG_CONFIG_PRIVATE_KEY};

	(void)state;
	start_session(11);
	/* Node 0 gets a key that node 1 does not know: no packet leaves under the old one. */
	memset(config.private_key.b, 0x40, sizeof(config.private_key.b));
	sim_configure(&sim, 0, &config);
	assert_int_equal(sim_send(&sim, 0, 1, 1), -ENOKEY);
	sim_run_for(&sim, 7 * SEC);
	assert_int_equal(sim.nodes[1].delivered, 1);
	/* What node 1 still sends is read meanwhile. */
	assert_int_equal(sim_send(&sim, 1, 0, 5), 0);
	sim_run_for(&sim, SEC);
	assert_int_equal(sim.nodes[0].last_delivered, 5);
	config.private_key = sim.nodes[0].private_key;
	sim_configure(&sim, 0, &config);
	sim_run_for(&sim, 6 * SEC);
	assert_int_equal(sim.nodes[1].seen[1], 1);
	sim_done(&sim);
}

static void test_removed_peer_is_cut_off(void **state)
{
	struct wg_config config = {0};
	struct wg_peer_config *peer;

	(void)state;
	start_session(12);
	peer = wg_config_add_peer(&config, &sim.nodes[0].public_key);
	assert_non_null(peer);
	peer->flags = WG_PEER_REMOVE;
	(void)sim_send(&sim, 0, 1, 1); /* under way when it happens */
	sim_configure(&sim, 1, &config);
	wg_config_done(&config);
	sim_run_for(&sim, 60 * SEC);
	assert_int_equal(sim.nodes[1].delivered, 1);
	assert_int_equal(sim_send(&sim, 1, 0, 2), -EHOSTUNREACH);
	assert_int_equal(sim.nodes[1].sent[WG_MESSAGE_RESPONSE].n, 1);
	assert_int_equal(wg_device_next_deadline(sim.nodes[1].dev), LS_NEVER);
	sim_done(&sim);
}

static void test_forget_sessions(void **state)
{
	(void)state;
	start_session(13);
	wg_device_forget_sessions(sim.nodes[0].dev);
	assert_int_equal(sim_send(&sim, 0, 1, 1), -ENOKEY);
	sim_run_for(&sim, SEC); /* at once, whenever the last handshake was */
	assert_int_equal(sim.nodes[1].last_delivered, 1);
	sim_done(&sim);
}

/* Batches of one source: sessions, other messages and garbage mixed, each dealt with in order. */
static void test_mixed_batch(void **state)
{
	enum {
		BATCH = 12
	};
	static uint8_t buf[BATCH][256];
	struct wg_open open[BATCH];
	struct wg_seal seal[4];
	uint8_t packet[64];
	struct wg_peer *peer;
	struct wg_path path;

	(void)state;
	start_session(14);
	peer = wg_device_route(sim.nodes[0].dev, packet, sim_inner(0, 1, 0, 64, packet));
	for (unsigned i = 0; i < 4; i++) {
		seal[i] = (struct wg_seal){.data = buf[i * 3]};
		seal[i].len = sim_inner(0, 1, 10 + i, 40 + i, buf[i * 3] + WG_DATA_HEADER);
	}
	assert_int_equal(wg_peer_seal(peer, seal, 4, sim.now_ns, &path), 0);
	for (unsigned i = 0; i < BATCH; i++)
		open[i] = (struct wg_open){.data = buf[i], .len = i};
	for (unsigned i = 0; i < 4; i++)
		open[i * 3].len = seal[i].sealed_len;
	buf[1][0] = WG_MESSAGE_INITIATION;
	open[1].len = sizeof(struct wg_initiation);
	buf[2][0] = WG_MESSAGE_DATA; /* an unknown session */
	open[2].len = WG_DATA_OVERHEAD;
	buf[4][0] = WG_MESSAGE_DATA; /* too short for one */
	open[4].len = WG_DATA_OVERHEAD - 1;
	memcpy(buf[5], buf[3], seal[1].sealed_len); /* a duplicate */
	open[5].len = seal[1].sealed_len;
	path.remote = sim.nodes[0].address;
	wg_device_open(sim.nodes[1].dev, &path, open, BATCH, sim.now_ns);
	for (unsigned i = 0; i < BATCH; i++) {
		assert_int_equal(open[i].packet != NULL, i % 3 == 0);
		if (i % 3 == 0)
			assert_int_equal(open[i].packet_len, 40 + i / 3);
	}
	sim_done(&sim);
}

/* Inner packets whose headers lie about their length, or that are no IP, authentic as they are. */
static void test_bad_inner_packets(void **state)
{
	static const struct {
		uint8_t version_ihl;
		uint16_t total;
		bool delivered;
	} rows[] = {{0x45, 64, true},  {0x45, 20, true},     {0x45, 19, false},
	            {0x45, 65, false}, {0x45, 65535, false}, {0x45, 0, false},
	            {0x00, 64, false}, {0xf5, 64, false},    {0x65, 64, false}};

	(void)state;
	start_session(15);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint8_t buf[256], route[64];
		struct wg_seal seal = {.data = buf,
		                       .len = sim_inner(0, 1, 1, 64, buf + WG_DATA_HEADER)};
		struct wg_open open = {.data = buf};
		struct wg_path path;
		struct wg_peer *peer =
		        wg_device_route(sim.nodes[0].dev, route, sim_inner(0, 1, 1, 64, route));

		buf[16] = rows[i].version_ihl;
		buf[18] = (uint8_t)(rows[i].total >> 8);
		buf[19] = (uint8_t)rows[i].total;
		assert_int_equal(wg_peer_seal(peer, &seal, 1, sim.now_ns, &path), 0);
		open.len = seal.sealed_len;
		path.remote = sim.nodes[0].address;
		wg_device_open(sim.nodes[1].dev, &path, &open, 1, sim.now_ns);
		assert_int_equal(open.packet != NULL, rows[i].delivered);
		if (open.packet)
			assert_int_equal(open.packet_len, rows[i].total);
	}
	sim_done(&sim);
}

static void test_session_indices_are_random(void **state)
{
	uint32_t last = 0;
	unsigned close = 0;

	(void)state;
	for (uint64_t seed = 20; seed < 40; seed++) {
		struct ls_le32 sender;
		uint32_t index;

		start_session(seed);
		memcpy(sender.b, captured[WG_MESSAGE_INITIATION].data + 4, 4);
		index = ls_le32_get(sender);
		close += index - last < 65536;
		last = index;
		sim_done(&sim);
	}
	assert_true(close < 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_first_packets_are_staged),
	        cmocka_unit_test(test_responder_waits_for_the_first_packet),
	        cmocka_unit_test(test_simultaneous_initiation),
	        cmocka_unit_test(test_only_one_knows_the_endpoint),
	        cmocka_unit_test(test_answers_leave_from_the_address_asked),
	        cmocka_unit_test(test_silence_forgets_the_local_address),
	        cmocka_unit_test(test_no_datagram_into_its_own_tunnel),
	        cmocka_unit_test(test_recognises_its_own_messages),
	        cmocka_unit_test(test_staged_without_endpoint_is_given_up),
	        cmocka_unit_test(test_roaming),
	        cmocka_unit_test(test_replays_are_refused),
	        cmocka_unit_test(test_peer_cannot_use_addresses_of_another),
	        cmocka_unit_test(test_preshared_keys),
	        cmocka_unit_test(test_restarts),
	        cmocka_unit_test(test_clock_steps_backwards),
	        cmocka_unit_test(test_new_private_key),
	        cmocka_unit_test(test_removed_peer_is_cut_off),
	        cmocka_unit_test(test_forget_sessions),
	        cmocka_unit_test(test_mixed_batch),
	        cmocka_unit_test(test_bad_inner_packets),
	        cmocka_unit_test(test_session_indices_are_random),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
