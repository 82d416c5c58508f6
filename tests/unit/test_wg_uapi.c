/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <errno.h>

#include "wg/uapi.h"

#define KEY_A "e84b5a6d2717c1003a13b431570353dbaca9146cf150c5f8575680feba52027a"
#define KEY_B "b85996fecc9c7f1fc6d2572a76eda11d59bcd20be8e543b15ce4bd85a8e75a33"
#define ZERO  "0000000000000000000000000000000000000000000000000000000000000000"

static uint32_t known_interface(const char *name)
{
	return ls_streq(name, "eth0") ? 7 : 0;
}

/* Feeds a text in pieces of `step` bytes; true when it held exactly one whole request. */
static bool parse(struct uapi_parser *parser, const char *text, size_t step)
{
	size_t len = strlen(text);
	size_t at = 0;
	bool complete = false;

	wg_uapi_parser_init(parser, known_interface);
	while (at < len && !complete) {
		size_t n = len - at < step ? len - at : step;

		at += wg_uapi_parser_feed(parser, text + at, n, &complete);
	}
	return complete && at == len;
}

static void test_set_request(void **state)
{
	static const char text[] =
	        "set=1\nprivate_key=" KEY_A "\nlisten_port=12912\nfwmark=51\nreplace_peers=true\n"
	        "public_key=" KEY_B "\npreshared_key=" KEY_A "\nreplace_allowed_ips=true\n"
	        "allowed_ip=192.168.4.6/32\nallowed_ip=-192.168.5.9/24\nallowed_ip=fd00::1\n"
	        "endpoint=[abcd:23::33%2]:51820\npersistent_keepalive_interval=25\n"
	        "protocol_version=1\npublic_key=" KEY_A "\nremove=true\nupdate_only=true\n\n";
	char buf[LS_PREFIX_TEXT];

	(void)state;
	for (size_t step = 1; step < sizeof(text); step += 13) {
		struct uapi_parser parser;
		const struct wg_peer_config *peer;

		assert_true(parse(&parser, text, step));
		assert_int_equal(parser.operation, UAPI_SET);
		assert_int_equal(parser.error, 0);
		assert_int_equal(parser.config.flags,
		                 WG_CONFIG_PRIVATE_KEY | WG_CONFIG_LISTEN_PORT | WG_CONFIG_FWMARK |
		                         WG_CONFIG_REPLACE_PEERS);
		assert_int_equal(parser.config.private_key.b[0], 0xe8);
		assert_int_equal(parser.config.listen_port, 12912);
		assert_int_equal(parser.config.fwmark, 51);
		assert_int_equal(parser.config.peer_count, 2);
		peer = &parser.config.peers[0];
		assert_int_equal(peer->flags, WG_PEER_PRESHARED_KEY | WG_PEER_REPLACE_ALLOWED_IPS |
		                                      WG_PEER_ENDPOINT | WG_PEER_KEEPALIVE);
		assert_int_equal(peer->preshared_key.b[31], 0x7a);
		assert_int_equal(peer->keepalive_s, 25);
		assert_int_equal(peer->endpoint.port, 51820);
		assert_int_equal(peer->allowed_ip_count, 3);
		assert_string_equal(ls_prefix_format(&peer->allowed_ips[1].prefix, buf),
		                    "192.168.5.0/24");
		assert_true(peer->allowed_ips[1].remove);
		assert_string_equal(ls_prefix_format(&peer->allowed_ips[2].prefix, buf),
		                    "fd00::1/128");
		assert_int_equal(parser.config.peers[1].flags,
		                 WG_PEER_REMOVE | WG_PEER_UPDATE_ONLY);
		wg_uapi_parser_done(&parser);
	}
}

static void test_several_requests(void **state)
{
	static const char text[] = "get=1\n\n\n\nset=1\nfwmark=0\n\nget=2\n\nset=1\n\n";
	static const struct {
		enum uapi_operation operation;
		int error;
	} want[] = {{UAPI_GET, 0}, {UAPI_SET, 0}, {UAPI_GET, -EPROTONOSUPPORT}, {UAPI_SET, 0}};
	struct uapi_parser parser;
	size_t at = 0;
	bool complete;

	(void)state;
	wg_uapi_parser_init(&parser, NULL);
	for (size_t i = 0; i < 4; i++) {
		at += wg_uapi_parser_feed(&parser, text + at, strlen(text) - at, &complete);
		assert_true(complete);
		assert_int_equal(parser.operation, want[i].operation);
		assert_int_equal(parser.error, want[i].error);
		wg_uapi_parser_reset(&parser);
	}
	assert_int_equal(at, strlen(text));
	wg_uapi_parser_done(&parser);
}

static void test_refusals(void **state)
{
	static const struct {
		const char *text;
		int error;
	} rows[] = {
	        {"hello\n\n", -EINVAL},
	        {"list=1\n\n", -EINVAL},
	        {"get=1\nlisten_port=1\n\n", -EINVAL},
	        {"set=2\n\n", -EPROTONOSUPPORT},
	        {"set=1\nunknown=1\n\n", -EINVAL},
	        {"set=1\nlisten_port\n\n", -EINVAL},
	        {"set=1\nlisten_port=65536\n\n", -EINVAL},
	        {"set=1\nlisten_port=-1\n\n", -EINVAL},
	        {"set=1\nlisten_port= 1\n\n", -EINVAL},
	        {"set=1\nfwmark=4294967296\n\n", -EINVAL},
	        {"set=1\nfwmark=0x1\n\n", -EINVAL},
	        {"set=1\nprivate_key=00\n\n", -EINVAL},
	        {"set=1\nprivate_key=" KEY_A "0\n\n", -EINVAL},
	        {"set=1\nprivate_key=g84b5a6d2717c1003a13b431570353dbaca9146cf150c5f8575680feba52"
	         "027a\n\n",
	         -EINVAL},
	        {"set=1\nreplace_peers=false\n\n", -EINVAL},
	        {"set=1\nallowed_ip=10.0.0.0/8\n\n", -EINVAL},
	        {"set=1\npublic_key=" KEY_B "\nlisten_port=1\n\n", -EINVAL},
	        {"set=1\npublic_key=" KEY_B "\nallowed_ip=10.0.0.0/33\n\n", -EINVAL},
	        {"set=1\npublic_key=" KEY_B "\nallowed_ip=\n\n", -EINVAL},
	        {"set=1\npublic_key=" KEY_B "\nallowed_ip=--10.0.0.0/8\n\n", -EINVAL},
	        {"set=1\npublic_key=" KEY_B "\nendpoint=example.com:1\n\n", -EINVAL},
	        {"set=1\npublic_key=" KEY_B "\nendpoint=192.0.2.1\n\n", -EINVAL},
	        {"set=1\npublic_key=" KEY_B "\nendpoint=[fe80::1%eth1]:5\n\n", -EINVAL},
	        {"set=1\npublic_key=" KEY_B "\npersistent_keepalive_interval=off\n\n", -EINVAL},
	        {"set=1\npublic_key=" KEY_B "\nupdate_only=1\n\n", -EINVAL},
	        {"set=1\npublic_key=" KEY_B "\nremove=\n\n", -EINVAL},
	        {"set=1\npublic_key=" KEY_B "\nprotocol_version=2\n\n", -EPROTONOSUPPORT},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct uapi_parser parser;

		assert_true(parse(&parser, rows[i].text, 7));
		assert_int_equal(parser.error, rows[i].error);
		wg_uapi_parser_done(&parser);
	}
}

static void test_scope_names(void **state)
{
	struct uapi_parser parser;

	(void)state;
	assert_true(parse(&parser, "set=1\npublic_key=" KEY_B "\nendpoint=[fe80::1%eth0]:51820\n\n",
	                  99));
	assert_int_equal(parser.error, 0);
	assert_int_equal(parser.config.peers[0].endpoint.scope_id, 7);
	wg_uapi_parser_done(&parser);
}

static void test_long_line(void **state)
{
	char text[UAPI_LINE_MAX * 3] = "set=1\n";
	struct uapi_parser parser;

	(void)state;
	memset(text + 6, 'a', 2 * UAPI_LINE_MAX);
	memcpy(text + 6 + 2 * UAPI_LINE_MAX, "\n\n", 3);
	assert_true(parse(&parser, text, 100));
	assert_int_equal(parser.error, -EINVAL);
	wg_uapi_parser_done(&parser);
}

static void test_request_limit(void **state)
{
	static const char line[] = "fwmark=000000000000000001\n";
	struct uapi_parser parser;
	bool complete = false;
	size_t fed = 0;

	(void)state;
	wg_uapi_parser_init(&parser, NULL);
	fed += wg_uapi_parser_feed(&parser, "set=1\n", 6, &complete);
	while (!complete && fed <= UAPI_REQUEST_MAX + sizeof(line))
		fed += wg_uapi_parser_feed(&parser, line, sizeof(line) - 1, &complete);
	assert_true(complete);
	assert_int_equal(fed, UAPI_REQUEST_MAX + 1);
	assert_int_equal(parser.error, LS_ERROR_LIMIT);
	wg_uapi_parser_done(&parser);
}

static void test_device_text(void **state)
{
	struct wg_public_key key = {.b = {0xb8, 0x59}};
	struct wg_config config = {.private_key = {.b = {0xe8}}, .listen_port = 12912, .fwmark = 9};
	struct ls_buf out = {0};
	struct ls_prefix prefix;
	struct wg_peer_config *peer = wg_config_add_peer(&config, &key);

	(void)state;
	assert_non_null(peer);
	assert_int_equal(ls_endpoint_parse("182.122.22.19:3233", &peer->endpoint), 0);
	assert_int_equal(ls_prefix_parse("10.0.0.0/8", &prefix), 0);
	assert_int_equal(wg_config_add_allowed_ip(peer, &prefix, false), 0);
	peer->keepalive_s = 111;
	peer->rx_bytes = 2224;
	peer->tx_bytes = 38333;
	peer->last_handshake_s = 1700000000;
	peer->last_handshake_ns = 5;
	wg_uapi_write_device(&out, &config);
	assert_string_equal(
	        ls_buf_text(&out),
	        "private_key=e800000000000000000000000000000000000000000000000000000000000000\n"
	        "listen_port=12912\nfwmark=9\n"
	        "public_key=b859000000000000000000000000000000000000000000000000000000000000\n"
	        "protocol_version=1\nendpoint=182.122.22.19:3233\n"
	        "last_handshake_time_sec=1700000000\nlast_handshake_time_nsec=5\n"
	        "tx_bytes=38333\nrx_bytes=2224\npersistent_keepalive_interval=111\n"
	        "allowed_ip=10.0.0.0/8\nerrno=0\n\n");
	ls_buf_done(&out);
	wg_config_done(&config);
}

static void test_status_codes(void **state)
{
	static const struct {
		int code;
		const char *text;
	} rows[] = {
	        {0, "errno=0\n\n"},
	        {-EADDRINUSE, "errno=-98\n\n"},
	        {LS_ERROR_BAD_VALUE, "errno=-22\n\n"},
	        {LS_ERROR_LIMIT, "errno=-7\n\n"},
	        {-999999, "errno=-5\n\n"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct ls_buf out = {0};

		wg_uapi_write_status(&out, rows[i].code);
		assert_string_equal(ls_buf_text(&out), rows[i].text);
		ls_buf_done(&out);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_set_request), cmocka_unit_test(test_several_requests),
	        cmocka_unit_test(test_refusals),    cmocka_unit_test(test_scope_names),
	        cmocka_unit_test(test_long_line),   cmocka_unit_test(test_request_limit),
	        cmocka_unit_test(test_device_text), cmocka_unit_test(test_status_codes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
