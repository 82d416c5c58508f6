/* SPDX-License-Identifier: Apache-2.0 */
/* Ten thousand peers on one device: what they cost, and that each of them gets a session. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <malloc.h>
#include <sodium.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "wg/device.h"
#include "wg/messages.h"
#include "wg/receive.h"
#include "wg/send.h"

#define SEC LS_NS_PER_S

enum {
	PEERS = 10000,
	CLIENTS = 800, /* of them with a session */
	IDLE_BYTES_MAX = 2048,
	SESSION_BYTES_MAX = 512,
	QUEUE = 4096,
};

struct node {
	struct wg_device *dev;
	struct ls_endpoint address;
	struct wg_private_key key;
	unsigned delivered;
};

struct datagram {
	struct ls_endpoint src, dst;
	size_t len;
	uint8_t data[256];
};

static struct node server, clients[CLIENTS];
static struct datagram queue[QUEUE];
static size_t queue_head, queue_len;
static uint64_t now_ns = 500 * SEC;
static unsigned cookies;

static void node_send(void *user, const struct wg_path *path, uint8_t *data, size_t len)
{
	const struct node *node = user;
	struct datagram *d = &queue[(queue_head + queue_len) % QUEUE];

	if (queue_len == QUEUE || len > sizeof(d->data))
		return;
	queue_len++;
	*d = (struct datagram){.src = node->address, .dst = path->remote, .len = len};
	memcpy(d->data, data, len);
	cookies += data[0] == WG_MESSAGE_COOKIE;
}

static void node_random(void *user, void *buf, size_t len)
{
	(void)user;
	randombytes_buf(buf, len);
}

static void node_wall(void *user, uint64_t *ret_s, uint32_t *ret_ns)
{
	(void)user;
	*ret_s = 1750000000 + now_ns / SEC;
	*ret_ns = (uint32_t)(now_ns % SEC);
}

static const struct wg_device_ops ops = {
        .send = node_send, .random = node_random, .wall = node_wall};

static size_t heap_bytes(void)
{
	struct mallinfo2 info = mallinfo2();

	return info.uordblks + info.hblkhd; /* small blocks and large ones */
}

static uint64_t cpu_us(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

static struct ls_ip inner_of(unsigned i)
{
	return (struct ls_ip){.family = LS_FAMILY_V4,
	                      .b = {10, (uint8_t)(i >> 16), (uint8_t)(i >> 8), (uint8_t)i}};
}

static void allow(struct wg_peer_config *peer, unsigned i)
{
	struct ls_ip v4 = inner_of(i), v6 = {.family = LS_FAMILY_V6, .b = {0xfd}};
	struct ls_prefix prefix = ls_prefix_host(&v4);

	memcpy(v6.b + 12, v4.b, 4);
	assert_int_equal(wg_config_add_allowed_ip(peer, &prefix, false), 0);
	prefix = ls_prefix_host(&v6);
	assert_int_equal(wg_config_add_allowed_ip(peer, &prefix, false), 0);
}

static void start(struct node *node, unsigned number)
{
	struct wg_config config = {.flags = WG_CONFIG_PRIVATE_KEY};

	key_wg_generate(&node->key);
	config.private_key = node->key;
	node->address = (struct ls_endpoint){.ip = inner_of(number), .port = 51820};
	node->address.ip.b[0] = 198;
	node->dev = wg_device_new(&ops, node);
	assert_int_equal(wg_device_configure(node->dev, &config, now_ns), 0);
}

static void add_peers_to_server(void)
{
	struct wg_config config = {0};

	for (unsigned i = 0; i < PEERS; i++) {
		struct wg_public_key key;
		struct wg_peer_config *peer;

		randombytes_buf(key.b, sizeof(key.b));
		if (i < CLIENTS)
			key_wg_public(&clients[i].key, &key);
		peer = wg_config_add_peer(&config, &key);
		assert_non_null(peer);
		allow(peer, i);
	}
	assert_int_equal(wg_device_configure(server.dev, &config, now_ns), 0);
	wg_config_done(&config);
}

static void add_server_to(struct node *client)
{
	struct wg_config config = {0};
	struct wg_public_key key;
	struct wg_peer_config *peer;

	key_wg_public(&server.key, &key);
	peer = wg_config_add_peer(&config, &key);
	assert_non_null(peer);
	peer->flags = WG_PEER_ENDPOINT | WG_PEER_KEEPALIVE;
	peer->endpoint = server.address;
	peer->keepalive_s = 25;
	allow(peer, PEERS);
	assert_int_equal(wg_device_configure(client->dev, &config, now_ns), 0);
	wg_config_done(&config);
}

static void receive(struct node *node, struct datagram *d)
{
	struct wg_open open = {.data = d->data, .len = d->len};
	const struct wg_path path = {.remote = d->src};

	if (ls_endpoint_equal(&node->address, &d->dst))
		wg_device_open(node->dev, &path, &open, 1, now_ns);
}

static void deliver_all(void)
{
	while (queue_len > 0) {
		struct datagram d = queue[queue_head];

		queue_head = (queue_head + 1) % QUEUE;
		queue_len--;
		receive(&server, &d);
		for (unsigned i = 0; i < CLIENTS; i++)
			receive(&clients[i], &d);
	}
}

static unsigned sessions(void)
{
	struct wg_config config;
	unsigned n = 0;

	assert_int_equal(wg_device_dump(server.dev, &config), 0);
	assert_int_equal(config.peer_count, PEERS);
	for (size_t i = 0; i < config.peer_count; i++)
		n += config.peers[i].last_handshake_s != 0;
	wg_config_done(&config);
	return n;
}

static void test_ten_thousand_peers(void **state)
{
	size_t before, idle, live, freed;
	uint64_t cpu;

	(void)state;
	start(&server, PEERS);
	for (unsigned i = 0; i < CLIENTS; i++)
		start(&clients[i], i);
	before = heap_bytes();
	cpu = cpu_us();
	add_peers_to_server();
	cpu = cpu_us() - cpu;
	idle = heap_bytes() - before;
	print_message("# %d idle peers: %zu bytes each, configured in %lu us\n", PEERS,
	              idle / PEERS, (unsigned long)cpu);
	assert_true(idle / PEERS <= IDLE_BYTES_MAX);

	/* All clients at the same instant: more than the load limit, so some are told to come
	 * again with a cookie, and do. */
	for (unsigned i = 0; i < CLIENTS; i++)
		add_server_to(&clients[i]);
	cpu = cpu_us();
	for (int i = 0; i < 70; i++) {
		for (unsigned c = 0; c < CLIENTS; c++)
			wg_device_tick(clients[c].dev, now_ns);
		wg_device_tick(server.dev, now_ns);
		deliver_all();
		now_ns += SEC / 10;
	}
	cpu = cpu_us() - cpu;
	assert_int_equal(sessions(), CLIENTS);
	assert_true(cookies > 0);
	live = heap_bytes();
	wg_device_forget_sessions(server.dev);
	freed = live - heap_bytes();
	print_message("# %d sessions: %zu bytes each, %lu us of CPU each for both ends\n", CLIENTS,
	              freed / CLIENTS, (unsigned long)cpu / CLIENTS);
	assert_true(freed / CLIENTS <= SESSION_BYTES_MAX);

	wg_device_free(server.dev);
	for (unsigned i = 0; i < CLIENTS; i++)
		wg_device_free(clients[i].dev);
}

/* Ten thousand keepalives turned on at once do not hold the device up: a tick does a bounded part.
 */
static void test_ticks_are_bounded(void **state)
{
	struct wg_config config = {0};
	unsigned ticks = 0;

	(void)state;
	start(&server, PEERS);
	for (unsigned i = 0; i < PEERS; i++) {
		struct wg_public_key key;
		struct wg_peer_config *peer;

		randombytes_buf(key.b, sizeof(key.b));
		peer = wg_config_add_peer(&config, &key);
		assert_non_null(peer);
		peer->flags = WG_PEER_KEEPALIVE; /* and no endpoint: nothing to compute */
		peer->keepalive_s = 25;
	}
	queue_len = 0;
	assert_int_equal(wg_device_configure(server.dev, &config, now_ns), 0);
	wg_config_done(&config);
	assert_int_equal(queue_len, 0);
	for (; wg_device_next_deadline(server.dev) <= now_ns; ticks++)
		wg_device_tick(server.dev, now_ns);
	assert_int_equal(ticks, (PEERS + WG_TICK_PEERS - 1) / WG_TICK_PEERS);
	assert_int_equal(wg_device_next_deadline(server.dev), now_ns + 25 * SEC);
	wg_device_free(server.dev);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_ten_thousand_peers),
	        cmocka_unit_test(test_ticks_are_bounded),
	};

	return crypto_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
