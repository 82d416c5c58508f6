/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "net/resolv_conf.h"

static void test_parse(void **state)
{
	static const struct {
		const char *text;
		const char *servers[NET_RESOLV_CONF_SERVERS_MAX]; /* as they are formatted */
		bool has_zone, use_vc;
	} cases[] = {
	        {"", {0}, false, false},
	        {"nameserver 192.0.2.1\n", {"192.0.2.1:53"}, false, false},
	        {"nameserver 192.0.2.1", {"192.0.2.1:53"}, false, false},
	        {"\t nameserver\t2001:db8::1 \r\n", {"[2001:db8::1]:53"}, false, false},
	        {"nameserver fe80::1%lo\n", {"[fe80::1%1]:53"}, true, false},
	        {"nameserver fe80::1%7\n", {"[fe80::1%7]:53"}, true, false},
	        {"nameserver fe80::1%nosuch0\nnameserver ::1\n", {"[::1]:53"}, false, false},
	        {"nameserver 192.0.2.1 # one\nnameserver 192.0.2.2;two\n",
	         {"192.0.2.1:53"},
	         false,
	         false},
	        {"nameserver ::1\nnameserver ::2\nnameserver ::3\nnameserver fe80::4%1\n",
	         {"[::1]:53", "[::2]:53", "[::3]:53"},
	         false,
	         false},
	        {"#nameserver ::1\n;nameserver ::2\nnameserver\nnameserver \nnameservers ::3\n",
	         {0},
	         false,
	         false},
	        {"nameserver one.example\nnameserver 192.0.2.256\nnameserver [::1]\n",
	         {0},
	         false,
	         false},
	        {"nameserver\n192.0.2.1\n", {0}, false, false},
	        {"options ndots:2 use-vc\n", {0}, false, true},
	        {"options use-vcs # use-vc\nsearch use-vc\n", {0}, false, false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct net_resolv_conf conf;
		size_t n = 0;

		net_resolv_conf_parse(cases[i].text, &conf);
		for (; n < NET_RESOLV_CONF_SERVERS_MAX && cases[i].servers[n]; n++) {
			char text[LS_ENDPOINT_TEXT];

			assert_true(n < conf.server_count);
			assert_string_equal(ls_endpoint_format(&conf.servers[n], text),
			                    cases[i].servers[n]);
		}
		assert_int_equal(conf.server_count, n);
		assert_int_equal(conf.has_zone, cases[i].has_zone);
		assert_int_equal(conf.use_vc, cases[i].use_vc);
	}
}

static void test_zone(void **state)
{
	struct net_resolv_conf conf;
	struct ls_ip ip;

	(void)state;
	net_resolv_conf_parse("nameserver ::1\nnameserver fe80::1%3\nnameserver fe80::2%4\n",
	                      &conf);
	assert_int_equal(ls_ip_parse("fe80::2", &ip), 0);
	assert_int_equal(net_resolv_conf_zone(&conf, &ip), 4);
	assert_int_equal(ls_ip_parse("::1", &ip), 0);
	assert_int_equal(net_resolv_conf_zone(&conf, &ip), 0);
	assert_int_equal(ls_ip_parse("fe80::3", &ip), 0);
	assert_int_equal(net_resolv_conf_zone(&conf, &ip), 0);
}

static void test_no_file(void **state)
{
	struct net_resolv_conf conf = {.server_count = 1};

	(void)state;
	net_resolv_conf_read("/nonexistent/resolv.conf", &conf);
	assert_int_equal(conf.server_count, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_parse),
	        cmocka_unit_test(test_zone),
	        cmocka_unit_test(test_no_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
