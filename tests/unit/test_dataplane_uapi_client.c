/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/mem.h"
#include "dataplane/uapi_client.h"
#include "wg/uapi.h"

#define HEX_A "a7bd1b6e2f5f3c7d9e0123456789abcdef0123456789abcdef0123456789abcd"
#define HEX_B "b85996fecc9c7f1fc6d2572a76eda11d59bcd20be8e543b15ce4bd85a8e75a33"

static int decode(const char *text, struct wg_config *ret, struct ls_fail *fail)
{
	char *copy = ls_strdup(text);
	int r = dp_uapi_client_decode(copy, strlen(copy), ret, fail);

	free(copy);
	return r;
}

static void test_answer(void **state)
{
	struct wg_config config = {0};
	struct ls_fail fail = {0};
	char text[LS_ENDPOINT_TEXT];

	(void)state;
	assert_int_equal(decode("private_key=" HEX_A "\nlisten_port=51820\nfwmark=7\n"
	                        "public_key=" HEX_A "\npreshared_key=" HEX_B "\n"
	                        "protocol_version=1\nendpoint=192.0.2.1:5\n"
	                        "last_handshake_time_sec=1700000000\n"
	                        "last_handshake_time_nsec=5\ntx_bytes=18446744073709551615\n"
	                        "rx_bytes=2\npersistent_keepalive_interval=25\n"
	                        "allowed_ip=10.0.0.0/8\nallowed_ip=fd00::/64\n"
	                        "public_key=" HEX_B "\nendpoint=[fe80::1%eth0]:9\nerrno=0\n\n",
	                        &config, &fail),
	                 0);
	assert_int_equal(config.listen_port, 51820);
	assert_int_equal(config.fwmark, 7);
	assert_int_equal(config.peer_count, 2);
	assert_int_equal(config.peers[0].last_handshake_s, 1700000000);
	assert_true(config.peers[0].tx_bytes == UINT64_MAX);
	assert_int_equal(config.peers[0].rx_bytes, 2);
	assert_int_equal(config.peers[0].keepalive_s, 25);
	assert_int_equal(config.peers[0].allowed_ip_count, 2);
	assert_string_equal(ls_endpoint_format(&config.peers[1].endpoint, text), "[fe80::1]:9");
	wg_config_done(&config);
}

static void test_bad_answers(void **state)
{
	static const struct {
		const char *text;
		int code;
	} rows[] = {
	        {"", LS_ERROR_SYNTAX},
	        {"listen_port=1\n\n", LS_ERROR_SYNTAX},
	        {"errno=-1\n\n", -EPERM},
	        {"errno=5\n\n", -EIO},
	        {"errno=x\n\n", LS_ERROR_SYNTAX},
	        {"nonsense\nerrno=0\n\n", LS_ERROR_SYNTAX},
	        {"listen_port=65536\nerrno=0\n\n", LS_ERROR_SYNTAX},
	        {"public_key=ab\nerrno=0\n\n", LS_ERROR_SYNTAX},
	        {"public_key=" HEX_A "\nallowed_ip=x\nerrno=0\n\n", LS_ERROR_SYNTAX},
	        {"public_key=" HEX_A "\nendpoint=x\nerrno=0\n\n", LS_ERROR_SYNTAX},
	        {"public_key=" HEX_A "\nrx_bytes=-1\nerrno=0\n\n", LS_ERROR_SYNTAX},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct wg_config config = {0};
		struct ls_fail fail = {0};

		assert_int_equal(decode(rows[i].text, &config, &fail), rows[i].code);
		assert_int_equal(config.peer_count, 0);
	}
}

/* What the server side writes comes back the same. */
static void test_round_trip(void **state)
{
	struct wg_config config = {.listen_port = 4242}, back = {0};
	struct wg_public_key key = {.b = {1, 2, 3}};
	struct wg_peer_config *peer = wg_config_add_peer(&config, &key);
	struct ls_fail fail = {0};
	struct ls_buf buf = {0};
	struct ls_prefix prefix;

	(void)state;
	assert_non_null(peer);
	assert_int_equal(ls_prefix_parse("100.64.0.10/32", &prefix), 0);
	assert_int_equal(wg_config_add_allowed_ip(peer, &prefix, false), 0);
	assert_int_equal(ls_endpoint_parse("[2001:db8::1]:7", &peer->endpoint), 0);
	peer->rx_bytes = 99;
	peer->last_handshake_s = 1700000005;
	wg_uapi_write_device(&buf, &config);
	assert_int_equal(dp_uapi_client_decode(buf.data, buf.len, &back, &fail), 0);
	assert_int_equal(back.listen_port, 4242);
	assert_int_equal(back.peer_count, 1);
	assert_true(key_equal(back.peers[0].public_key.b, key.b));
	assert_int_equal(back.peers[0].rx_bytes, 99);
	assert_int_equal(back.peers[0].last_handshake_s, 1700000005);
	assert_true(ls_endpoint_equal(&back.peers[0].endpoint, &peer->endpoint));
	assert_true(ls_prefix_equal(&back.peers[0].allowed_ips[0].prefix, &prefix));
	ls_buf_done(&buf);
	wg_config_done(&config);
	wg_config_done(&back);
}

/* As boringtun answers: how long ago the handshake was. */
static void test_age_for_a_time(void **state)
{
	struct wg_config config = {0};
	struct ls_fail fail = {0};
	int64_t before = ls_wall_s();

	(void)state;
	assert_int_equal(decode("public_key=" HEX_A "\nlast_handshake_time_sec=70\n"
	                        "last_handshake_time_nsec=5\npublic_key=" HEX_B "\n"
	                        "last_handshake_time_sec=0\nerrno=0\n\n",
	                        &config, &fail),
	                 0);
	assert_in_range(config.peers[0].last_handshake_s, before - 70, ls_wall_s() - 70);
	assert_int_equal(config.peers[1].last_handshake_s, 0);
	wg_config_done(&config);
}

static void test_nobody_there(void **state)
{
	struct wg_config config = {0};
	struct ls_fail fail = {0};

	(void)state;
	assert_int_equal(dp_uapi_client_get("ls-nobody-here", &config, &fail), -ENOENT);
	assert_non_null(strstr(fail.text, "/var/run/wireguard/ls-nobody-here.sock"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_answer),       cmocka_unit_test(test_bad_answers),
	        cmocka_unit_test(test_round_trip),   cmocka_unit_test(test_age_for_a_time),
	        cmocka_unit_test(test_nobody_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
