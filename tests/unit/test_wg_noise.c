/* SPDX-License-Identifier: Apache-2.0 */
/* Compares the engine with transcripts of an independent implementation
 * (tests/vectors/make_noise_transcript.py): given the same randomness, every byte on the wire must
 * be the same, in both roles. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>

#include "../vectors/noise_transcript.h"
#include "base/clock.h"
#include "wg/cookie.h"
#include "wg/device.h"
#include "wg/noise.h"
#include "wg/receive.h"
#include "wg/send.h"

#define NOW (77 * LS_NS_PER_S)

struct host {
	const uint8_t *ephemeral;
	const uint8_t *index;
	struct wg_device *dev;
	uint8_t sent[4][256]; /* what it sent, oldest first */
	size_t sent_len[4];
	unsigned sent_count;
};

static const struct ls_endpoint address[] = {
        {.ip = {.family = LS_FAMILY_V4, .b = {192, 0, 2, 1}}, .port = 51820},
        {.ip = {.family = LS_FAMILY_V4, .b = {192, 0, 2, 2}}, .port = 51820},
};

static void host_send(void *user, const struct wg_path *path, uint8_t *data, size_t len)
{
	struct host *host = user;

	(void)path;
	assert_true(host->sent_count < 4 && len <= sizeof(host->sent[0]));
	memcpy(host->sent[host->sent_count], data, len);
	host->sent_len[host->sent_count++] = len;
}

static void host_random(void *user, void *buf, size_t len)
{
	struct host *host = user;

	memset(buf, 0, len);
	if (len == 32)
		memcpy(buf, host->ephemeral, len);
	else if (len == 4)
		memcpy(buf, host->index, len);
}

static void host_wall(void *user, uint64_t *ret_s, uint32_t *ret_ns)
{
	(void)user;
	*ret_s = 1750000000;
	*ret_ns = 123456789;
}

static const struct wg_device_ops ops = {
        .send = host_send, .random = host_random, .wall = host_wall};

static void host_init(struct host *host, const struct noise_vector *v, bool initiator)
{
	struct wg_config config = {.flags = WG_CONFIG_PRIVATE_KEY};
	struct ls_prefix prefix = {.ip = {.family = LS_FAMILY_V4, .b = {10}}, .bits = 8};
	struct wg_private_key other;
	struct wg_public_key key;
	struct wg_peer_config *peer;

	*host = (struct host){.ephemeral =
	                              initiator ? v->ephemeral_initiator : v->ephemeral_responder,
	                      .index = initiator ? v->index_initiator : v->index_responder};
	memcpy(config.private_key.b, initiator ? v->static_initiator : v->static_responder, 32);
	memcpy(other.b, initiator ? v->static_responder : v->static_initiator, 32);
	key_wg_public(&other, &key);
	peer = wg_config_add_peer(&config, &key);
	assert_non_null(peer);
	peer->flags = WG_PEER_ENDPOINT | WG_PEER_PRESHARED_KEY;
	memcpy(peer->preshared_key.b, v->psk, sizeof(v->psk));
	peer->endpoint = address[initiator ? 1 : 0];
	assert_int_equal(wg_config_add_allowed_ip(peer, &prefix, false), 0);
	host->dev = wg_device_new(&ops, host);
	wg_device_set_mtu(host->dev, 1420);
	assert_int_equal(wg_device_configure(host->dev, &config, NOW), 0);
	wg_config_done(&config);
}

static void assert_sent(const struct host *host, unsigned i, const uint8_t *want, size_t len)
{
	assert_true(host->sent_count > i);
	assert_int_equal(host->sent_len[i], len);
	assert_memory_equal(host->sent[i], want, len);
}

static struct wg_open receive(struct host *host, const struct ls_endpoint *src, uint8_t *buf,
                              const uint8_t *data, size_t len)
{
	struct wg_open open = {.data = buf, .len = len};
	const struct wg_path path = {.remote = *src};

	memcpy(buf, data, len);
	wg_device_open(host->dev, &path, &open, 1, NOW);
	return open;
}

static void stage(struct host *host, const uint8_t *packet, size_t len)
{
	struct wg_peer *peer = wg_device_route(host->dev, packet, len);

	assert_non_null(peer);
	wg_peer_stage(peer, packet, len, NOW);
}

static void run_initiator(const struct noise_vector *v)
{
	struct host host;
	struct wg_open open;
	uint8_t buf[256];

	host_init(&host, v, true);
	stage(&host, v->packet_initiator, sizeof(v->packet_initiator));
	assert_int_equal(host.sent_count, 1);
	assert_sent(&host, 0, v->initiation, sizeof(v->initiation));
	(void)receive(&host, &address[1], buf, v->response, sizeof(v->response));
	assert_int_equal(host.sent_count, 2);
	assert_sent(&host, 1, v->data_initiator, sizeof(v->data_initiator));
	open = receive(&host, &address[1], buf, v->data_responder, sizeof(v->data_responder));
	assert_non_null(open.packet);
	assert_int_equal(open.packet_len, sizeof(v->packet_responder));
	assert_memory_equal(open.packet, v->packet_responder, sizeof(v->packet_responder));
	/* Ten seconds without an answer of ours: a keepalive, with the next counter. */
	wg_device_tick(host.dev, NOW + 10 * LS_NS_PER_S);
	assert_sent(&host, 2, v->keepalive_initiator, sizeof(v->keepalive_initiator));
	wg_device_free(host.dev);
}

static void run_responder(const struct noise_vector *v)
{
	struct host host;
	struct wg_open open;
	uint8_t buf[256];

	host_init(&host, v, false);
	(void)receive(&host, &address[0], buf, v->initiation, sizeof(v->initiation));
	assert_int_equal(host.sent_count, 1);
	assert_sent(&host, 0, v->response, sizeof(v->response));
	/* Not before the initiator has shown that it has the keys. */
	stage(&host, v->packet_responder, sizeof(v->packet_responder));
	assert_int_equal(host.sent_count, 1);
	open = receive(&host, &address[0], buf, v->data_initiator, sizeof(v->data_initiator));
	assert_non_null(open.packet);
	assert_int_equal(open.packet_len, sizeof(v->packet_initiator));
	assert_memory_equal(open.packet, v->packet_initiator, sizeof(v->packet_initiator));
	assert_int_equal(host.sent_count, 2);
	assert_sent(&host, 1, v->data_responder, sizeof(v->data_responder));
	open = receive(&host, &address[0], buf, v->keepalive_initiator,
	               sizeof(v->keepalive_initiator));
	assert_null(open.packet);
	wg_device_free(host.dev);
}

static void test_transcripts(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(noise_vectors) / sizeof(noise_vectors[0]); i++) {
		run_initiator(&noise_vectors[i]);
		run_responder(&noise_vectors[i]);
	}
}

static void test_cookie_transcript(void **state)
{
	const struct noise_vector *v = &noise_vectors[0];
	struct cookie_checker checker = {0};
	struct cookie_maker maker = {0};
	struct wg_private_key private_key;
	struct wg_public_key key;
	struct wg_initiation msg, again;
	struct wg_cookie_reply reply;

	(void)state;
	memcpy(private_key.b, v->static_responder, sizeof(private_key.b));
	key_wg_public(&private_key, &key);
	assert_false(wg_cookie_check_mac1(&checker, v->initiation, sizeof(v->initiation)));
	wg_cookie_checker_set_key(&checker, &key);
	assert_true(wg_cookie_secret_is_old(&checker, NOW));
	wg_cookie_set_secret(&checker, v->cookie_secret, NOW);
	assert_false(wg_cookie_secret_is_old(&checker, NOW + 120 * LS_NS_PER_S - 1));
	assert_true(wg_cookie_secret_is_old(&checker, NOW + 120 * LS_NS_PER_S));
	memcpy(&msg, v->initiation, sizeof(msg));
	assert_true(wg_cookie_check_mac1(&checker, &msg, sizeof(msg)));
	assert_false(wg_cookie_check_mac2(&checker, &msg, sizeof(msg), &address[0]));
	memcpy(reply.nonce, v->cookie_nonce, sizeof(reply.nonce));
	wg_cookie_make_reply(&checker, &msg.macs, ls_le32_get(msg.sender), &address[0], &reply);
	assert_memory_equal(&reply, v->cookie_reply, sizeof(reply));

	again = msg;
	memset(&again.macs, 0xff, sizeof(again.macs));
	assert_false(wg_cookie_take_reply(&maker, &key, &reply, NOW)); /* nothing was sent yet */
	wg_cookie_add_macs(&maker, &key, &again, sizeof(again), NOW);
	assert_memory_equal(&again, v->initiation, sizeof(again));
	reply.sealed_cookie[0] ^= 1;
	assert_false(wg_cookie_take_reply(&maker, &key, &reply, NOW));
	reply.sealed_cookie[0] ^= 1;
	assert_true(wg_cookie_take_reply(&maker, &key, &reply, NOW));
	assert_false(wg_cookie_take_reply(&maker, &key, &reply, NOW)); /* one reply a message */
	wg_cookie_add_macs(&maker, &key, &again, sizeof(again), NOW + 115 * LS_NS_PER_S - 1);
	assert_memory_equal(&again, v->initiation_mac2, sizeof(again));
	assert_true(wg_cookie_check_mac2(&checker, &again, sizeof(again), &address[0]));
	wg_cookie_add_macs(&maker, &key, &again, sizeof(again), NOW + 115 * LS_NS_PER_S);
	assert_memory_equal(&again, v->initiation, sizeof(again)); /* the cookie is too old */
	wg_cookie_checker_done(&checker);
}

static void test_cookie_is_bound_to_address_and_port(void **state)
{
	const struct noise_vector *v = &noise_vectors[0];
	struct cookie_checker checker = {0};
	struct ls_endpoint other = address[0];
	struct wg_private_key private_key;
	struct wg_public_key key;

	(void)state;
	memcpy(private_key.b, v->static_responder, sizeof(private_key.b));
	key_wg_public(&private_key, &key);
	wg_cookie_checker_set_key(&checker, &key);
	wg_cookie_set_secret(&checker, v->cookie_secret, NOW);
	assert_true(wg_cookie_check_mac2(&checker, v->initiation_mac2, 148, &other));
	other.port++;
	assert_false(wg_cookie_check_mac2(&checker, v->initiation_mac2, 148, &other));
	other = address[0];
	other.ip.b[3]++;
	assert_false(wg_cookie_check_mac2(&checker, v->initiation_mac2, 148, &other));
	wg_cookie_checker_done(&checker);
}

/* What a failed read leaves behind: nothing. */
static void test_reads_commit_only_when_verified(void **state)
{
	const struct noise_vector *v = &noise_vectors[1];
	struct noise_identity identity = {0};
	struct noise_remote remote = {0};
	struct noise_responder responder, before;
	struct wg_private_key key;
	struct wg_initiation msg;
	struct tai64n timestamp = {.s = 5};

	(void)state;
	memcpy(key.b, v->static_responder, sizeof(key.b));
	wg_noise_identity_set(&identity, &key);
	memset(&responder, 0xaa, sizeof(responder));
	before = responder;
	memcpy(&msg, v->initiation, sizeof(msg));
	msg.sealed_static[40] ^= 1;
	assert_int_equal(wg_noise_read_initiation(&identity, &msg, &responder), -EBADMSG);
	assert_memory_equal(&responder, &before, sizeof(before));
	memcpy(&msg, v->initiation, sizeof(msg));
	memset(msg.ephemeral, 0, sizeof(msg.ephemeral)); /* a point of small order */
	assert_int_equal(wg_noise_read_initiation(&identity, &msg, &responder), -EBADMSG);
	memcpy(&msg, v->initiation, sizeof(msg));
	assert_int_equal(wg_noise_read_initiation(&identity, &msg, &responder), 0);
	remote.public_key = responder.remote_static;
	before = responder;
	msg.sealed_timestamp[3] ^= 1;
	assert_int_equal(wg_noise_read_timestamp(&identity, &remote, &msg, &responder, &timestamp),
	                 -EBADMSG);
	assert_memory_equal(&responder, &before, sizeof(before));
	assert_int_equal(timestamp.s, 5);
}

static void test_timestamps(void **state)
{
	struct tai64n a = wg_tai64n_of_unix(1000, 999999999), b = wg_tai64n_next(a);
	uint8_t text[WG_TAI64N_LEN];

	(void)state;
	assert_int_equal(a.ns % WG_TIMESTAMP_GRAIN_NS, 0);
	assert_true(wg_tai64n_after(b, a) && !wg_tai64n_after(a, b) && !wg_tai64n_after(a, a));
	assert_int_equal(b.s, a.s + 1); /* carried */
	assert_int_equal(wg_tai64n_next(b).ns, WG_TIMESTAMP_GRAIN_NS);
	wg_tai64n_encode(a, text);
	assert_int_equal(text[0], 0x40);
	assert_int_equal(wg_tai64n_decode(text).s, a.s);
	assert_int_equal(wg_tai64n_decode(text).ns, a.ns);
	/* The example of Bernstein's page: 1992-06-02 08:07:09 TAI is 40000000 2a2b2c2d. */
	assert_int_equal(wg_tai64n_of_unix(0x2a2b2c2d - 10, 0).s, UINT64_C(0x400000002a2b2c2d));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_transcripts),
	        cmocka_unit_test(test_cookie_transcript),
	        cmocka_unit_test(test_cookie_is_bound_to_address_and_port),
	        cmocka_unit_test(test_reads_commit_only_when_verified),
	        cmocka_unit_test(test_timestamps),
	};

	return crypto_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
