/* SPDX-License-Identifier: Apache-2.0 */
/* What can be set on a device. A change is applied whole or not at all. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>

#include "base/clock.h"
#include "wg/device.h"
#include "wg/send.h"

#define NOW (9 * LS_NS_PER_S)

static unsigned sent;

/* NOLINTNEXTLINE(readability-non-const-parameter): wg_ops defines the type */
static void count_send(void *user, const struct wg_path *path, uint8_t *data, size_t len)
{
	(void)user;
	(void)path;
	(void)data;
	(void)len;
	sent++;
}

static void counting_random(void *user, void *buf, size_t len)
{
	static uint8_t next;
	uint8_t *p = buf;

	(void)user;
	for (size_t i = 0; i < len; i++)
		p[i] = next++;
}

static void fixed_wall(void *user, uint64_t *ret_s, uint32_t *ret_ns)
{
	(void)user;
	*ret_s = 1750000000;
	*ret_ns = 0;
}

static const struct wg_device_ops ops = {
        .send = count_send, .random = counting_random, .wall = fixed_wall};

static struct wg_public_key key_of(uint8_t n)
{
	struct wg_private_key private_key = {.b = {8, n, 2, 3}};
	struct wg_public_key key;

	key_wg_clamp(&private_key);
	key_wg_public(&private_key, &key);
	return key;
}

static struct wg_peer_config *add_peer(struct wg_config *config, uint8_t n, unsigned flags)
{
	struct wg_public_key key = key_of(n);
	struct wg_peer_config *peer = wg_config_add_peer(config, &key);

	assert_non_null(peer);
	peer->flags = flags;
	return peer;
}

static void allow(struct wg_peer_config *peer, const char *text, bool remove)
{
	struct ls_prefix prefix;

	assert_int_equal(ls_prefix_parse(text, &prefix), 0);
	assert_int_equal(wg_config_add_allowed_ip(peer, &prefix, remove), 0);
}

static int apply(struct wg_device *dev, struct wg_config *config)
{
	int r = wg_device_configure(dev, config, NOW);

	wg_config_done(config);
	return r;
}

static struct wg_config dump(const struct wg_device *dev)
{
	struct wg_config config;

	assert_int_equal(wg_device_dump(dev, &config), 0);
	return config;
}

static const struct wg_peer_config *find(const struct wg_config *config, uint8_t n)
{
	struct wg_public_key key = key_of(n);

	for (size_t i = 0; i < config->peer_count; i++) {
		if (key_equal(config->peers[i].public_key.b, key.b))
			return &config->peers[i];
	}
	return NULL;
}

static struct wg_device *new_device(void)
{
	struct wg_config config = {.flags = WG_CONFIG_PRIVATE_KEY | WG_CONFIG_LISTEN_PORT,
	                           .private_key.b = {8, 200, 2, 3},
	                           .listen_port = 4242};
	struct wg_device *dev = wg_device_new(&ops, NULL);

	sent = 0;
	assert_int_equal(apply(dev, &config), 0);
	return dev;
}

static void test_everything_comes_back(void **state)
{
	struct wg_device *dev = new_device();
	struct wg_config config = {.flags = WG_CONFIG_FWMARK, .fwmark = 77};
	struct wg_peer_config *peer =
	        add_peer(&config, 1, WG_PEER_PRESHARED_KEY | WG_PEER_ENDPOINT | WG_PEER_KEEPALIVE);
	const struct wg_peer_config *got;

	(void)state;
	memset(peer->preshared_key.b, 5, sizeof(peer->preshared_key.b));
	assert_int_equal(ls_endpoint_parse("[2001:db8::1]:51820", &peer->endpoint), 0);
	peer->keepalive_s = 25;
	allow(peer, "10.0.0.1/32", false);
	allow(peer, "fd00::/64", false);
	(void)add_peer(&config, 2, 0);
	assert_int_equal(apply(dev, &config), 0);

	config = dump(dev);
	assert_int_equal(config.flags,
	                 WG_CONFIG_PRIVATE_KEY | WG_CONFIG_LISTEN_PORT | WG_CONFIG_FWMARK);
	assert_int_equal(config.private_key.b[1], 200);
	assert_int_equal(config.listen_port, 4242);
	assert_int_equal(config.fwmark, 77);
	assert_int_equal(config.peer_count, 2);
	got = find(&config, 1);
	assert_int_equal(got->preshared_key.b[31], 5);
	assert_int_equal(got->keepalive_s, 25);
	assert_int_equal(got->endpoint.port, 51820);
	assert_int_equal(got->allowed_ip_count, 2);
	assert_int_equal(got->last_handshake_s, 0);
	assert_int_equal(find(&config, 2)->flags & (WG_PEER_ENDPOINT | WG_PEER_PRESHARED_KEY), 0);
	wg_config_done(&config);
	/* A keepalive that was turned on, with somewhere to go, speaks at once. */
	assert_int_equal(wg_device_next_deadline(dev), NOW);
	wg_device_tick(dev, NOW);
	assert_int_equal(sent, 1);
	wg_device_free(dev);
}

static void test_peer_flags(void **state)
{
	struct wg_device *dev = new_device();
	struct wg_config config = {0};

	(void)state;
	(void)add_peer(&config, 1, WG_PEER_UPDATE_ONLY); /* no such peer: nothing */
	(void)add_peer(&config, 2, WG_PEER_REMOVE);
	allow(add_peer(&config, 3, 0), "10.0.3.0/24", false);
	allow(add_peer(&config, 3, 0), "10.0.4.0/24", false); /* the same again: added to */
	(void)add_peer(&config, 200, 0);                      /* ourselves: ignored */
	assert_int_equal(apply(dev, &config), 0);
	config = dump(dev);
	assert_int_equal(config.peer_count, 1);
	assert_int_equal(find(&config, 3)->allowed_ip_count, 2);
	wg_config_done(&config);

	config = (struct wg_config){0};
	allow(add_peer(&config, 3, WG_PEER_REPLACE_ALLOWED_IPS), "10.0.5.0/24", false);
	allow(add_peer(&config, 4, 0), "10.0.6.0/24", false);
	assert_int_equal(apply(dev, &config), 0);
	config = (struct wg_config){0};
	allow(add_peer(&config, 4, WG_PEER_UPDATE_ONLY), "10.0.5.0/24", true); /* not its own */
	allow(add_peer(&config, 4, WG_PEER_UPDATE_ONLY), "10.0.6.0/24", true);
	assert_int_equal(apply(dev, &config), 0);
	config = dump(dev);
	assert_int_equal(find(&config, 3)->allowed_ip_count, 1);
	assert_int_equal(find(&config, 4)->allowed_ip_count, 0);
	wg_config_done(&config);

	config = (struct wg_config){.flags = WG_CONFIG_REPLACE_PEERS};
	(void)add_peer(&config, 9, 0);
	assert_int_equal(apply(dev, &config), 0);
	config = dump(dev);
	assert_int_equal(config.peer_count, 1);
	assert_non_null(find(&config, 9));
	wg_config_done(&config);
	wg_device_free(dev);
}

static void test_a_bad_change_changes_nothing(void **state)
{
	struct wg_device *dev = new_device();
	struct wg_config config = {.flags = WG_CONFIG_REPLACE_PEERS | WG_CONFIG_LISTEN_PORT,
	                           .listen_port = 1};
	struct ls_prefix bad = {.ip = {.family = LS_FAMILY_V4, .b = {10, 0, 0, 1}}, .bits = 8};

	(void)state;
	(void)add_peer(&config, 1, 0);
	assert_int_equal(apply(dev, &config), 0);
	for (int i = 0; i < 3; i++) {
		config = (struct wg_config){.flags = WG_CONFIG_REPLACE_PEERS |
		                                     WG_CONFIG_LISTEN_PORT | WG_CONFIG_PRIVATE_KEY,
		                            .listen_port = 2};
		(void)add_peer(&config, 2, 0);
		bad.bits = i == 1 ? 33 : 8;
		bad.ip.family = i == 2 ? LS_FAMILY_NONE : LS_FAMILY_V4;
		assert_int_equal(wg_config_add_allowed_ip(add_peer(&config, 3, 0), &bad, false), 0);
		assert_int_equal(apply(dev, &config), -EINVAL);
	}
	config = dump(dev);
	assert_int_equal(config.listen_port, 1);
	assert_true(config.flags & WG_CONFIG_PRIVATE_KEY);
	assert_int_equal(config.peer_count, 1);
	assert_non_null(find(&config, 1));
	wg_config_done(&config);
	wg_device_free(dev);
}

static void test_own_key_as_peer_goes(void **state)
{
	struct wg_device *dev = new_device();
	struct wg_config config = {0};

	(void)state;
	(void)add_peer(&config, 1, 0);
	(void)add_peer(&config, 2, 0);
	assert_int_equal(apply(dev, &config), 0);
	config = (struct wg_config){.flags = WG_CONFIG_PRIVATE_KEY, .private_key.b = {8, 1, 2, 3}};
	assert_int_equal(apply(dev, &config), 0);
	config = dump(dev);
	assert_null(find(&config, 1));
	assert_non_null(find(&config, 2));
	wg_config_done(&config);
	config = (struct wg_config){.flags = WG_CONFIG_PRIVATE_KEY};
	assert_int_equal(apply(dev, &config), 0);
	config = dump(dev);
	assert_false(config.flags & WG_CONFIG_PRIVATE_KEY);
	wg_config_done(&config);
	wg_device_free(dev);
}

static void test_routes(void **state)
{
	struct wg_device *dev = new_device();
	struct wg_config config = {0};
	uint8_t v4[20] = {0x45, [16] = 10, 0, 0, 9}, v6[40] = {0x60, [24] = 0xfd};
	struct wg_seal seal = {.data = v4, .len = 0};
	struct wg_path path;
	struct wg_peer *peer;

	(void)state;
	allow(add_peer(&config, 1, 0), "10.0.0.0/24", false);
	allow(add_peer(&config, 2, 0), "fd00::/8", false);
	assert_int_equal(apply(dev, &config), 0);
	peer = wg_device_route(dev, v4, sizeof(v4));
	assert_non_null(peer);
	assert_non_null(wg_device_route(dev, v6, sizeof(v6)));
	assert_ptr_not_equal(wg_device_route(dev, v6, sizeof(v6)), peer);
	assert_null(wg_device_route(dev, v4, sizeof(v4) - 1));
	assert_null(wg_device_route(dev, v6, sizeof(v6) - 1));
	assert_null(wg_device_route(dev, v4, 0));
	v4[0] = 0x55;
	assert_null(wg_device_route(dev, v4, sizeof(v4)));
	v4[0] = 0x45;
	v4[17] = 1;
	assert_null(wg_device_route(dev, v4, sizeof(v4)));
	/* Nobody knows where that peer is. */
	assert_int_equal(wg_peer_seal(peer, &seal, 1, NOW, &path), -EDESTADDRREQ);
	assert_int_equal(sent, 0);
	wg_device_free(dev);
}

/* In one change: gone, and there anew without what it had. */
static void test_a_removed_peer_comes_back(void **state)
{
	struct wg_device *dev = new_device();
	struct wg_config config = {0};

	(void)state;
	allow(add_peer(&config, 1, 0), "10.0.1.0/24", false);
	add_peer(&config, 2, 0);
	assert_int_equal(apply(dev, &config), 0);
	for (int i = 0; i < 2; i++) {
		add_peer(&config, 1, WG_PEER_REMOVE);
		allow(add_peer(&config, 1, 0), "10.0.2.0/24", false);
	}
	add_peer(&config, 3, 0);
	add_peer(&config, 3, WG_PEER_REMOVE);
	add_peer(&config, 3, 0);
	add_peer(&config, 2, WG_PEER_REMOVE);
	add_peer(&config, 2, WG_PEER_UPDATE_ONLY);
	assert_int_equal(apply(dev, &config), 0);

	config = dump(dev);
	assert_int_equal(config.peer_count, 2);
	assert_non_null(find(&config, 3));
	assert_int_equal(find(&config, 1)->allowed_ip_count, 1);
	wg_config_done(&config);
	wg_device_free(dev);
}

static void test_many_peers_by_growth(void **state)
{
	struct wg_config config = {0};

	(void)state;
	for (uint32_t i = 0; i < 1000; i++) {
		struct wg_public_key key = {.b = {(uint8_t)i, (uint8_t)(i >> 8), 1}};
		struct wg_peer_config *peer = wg_config_add_peer(&config, &key);

		assert_non_null(peer);
		assert_int_equal(peer->allowed_ip_count, 0);
		for (int j = 0; j < 5; j++)
			allow(peer, "10.0.0.0/8", false);
	}
	assert_int_equal(config.peer_count, 1000);
	assert_int_equal(config.peers[999].allowed_ip_count, 5);
	wg_config_done(&config);
	assert_int_equal(config.peer_count, 0);
	wg_config_done(&config);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_everything_comes_back),
	        cmocka_unit_test(test_peer_flags),
	        cmocka_unit_test(test_a_bad_change_changes_nothing),
	        cmocka_unit_test(test_own_key_as_peer_goes),
	        cmocka_unit_test(test_routes),
	        cmocka_unit_test(test_a_removed_peer_comes_back),
	        cmocka_unit_test(test_many_peers_by_growth),
	};

	return crypto_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
