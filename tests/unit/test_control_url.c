/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "control/backoff.h"
#include "control/url.h"

static const struct {
	const char *in, *text, *host, *base;
	uint16_t port;
	bool tls, numeric;
} good[] = {
        {"http://a", "http://a", "a", "", 80, false, false},
        {"http://a/", "http://a", "a", "", 80, false, false},
        {"HTTP://Host.Example:80", "http://host.example", "host.example", "", 80, false, false},
        {"https://a:443/", "https://a", "a", "", 443, true, false},
        {"https://a:8443/ls/v/", "https://a:8443/ls/v", "a", "/ls/v", 8443, true, false},
        {"http://127.0.0.1:8080", "http://127.0.0.1:8080", "127.0.0.1", "", 8080, false, true},
        {"http://[::1]:8080", "http://[::1]:8080", "::1", "", 8080, false, true},
        {"http://[2001:DB8:0::1]", "http://[2001:db8::1]", "2001:db8::1", "", 80, false, true},
        {"http://under_score:1", "http://under_score:1", "under_score", "", 1, false, false},
        {"http://a/b%2f.x~", "http://a/b%2f.x~", "a", "/b%2f.x~", 80, false, false},
        {"http://a:65535", "http://a:65535", "a", "", 65535, false, false},
};

static void parses_good_urls(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		struct control_url url;
		struct ls_fail fail;
		int r = control_url_parse(good[i].in, &url, &fail);

		assert_int_equal(r, 0);
		assert_string_equal(url.text, good[i].text);
		assert_string_equal(url.host, good[i].host);
		assert_string_equal(url.base, good[i].base);
		assert_int_equal(url.port, good[i].port);
		assert_int_equal(url.tls, good[i].tls);
		assert_int_equal(url.numeric, good[i].numeric);
	}
}

static const struct {
	const char *in, *why;
} bad[] = {
        {"", "must begin with http://"},
        {"a", "must begin with http://"},
        {"ftp://a", "must begin with http://"},
        {"http:/a", "must begin with http://"},
        {"http://", "host is missing"},
        {"http:///x", "host is missing"},
        {"http://:80", "host is missing"},
        {"http://a:", "port must be 1 to 65535"},
        {"http://a:0", "port must be 1 to 65535"},
        {"http://a:65536", "port must be 1 to 65535"},
        {"http://a:1x", "port must be 1 to 65535"},
        {"http://a:-1", "port must be 1 to 65535"},
        {"http://a:000080", "port must be 1 to 65535"},
        {"http://u@a", "user names"},
        {"http://u:p@a:1", "user names"},
        {"http://::1", "needs brackets"},
        {"http://2001:db8::1:8080", "needs brackets"},
        {"http://[::1", "does not close"},
        {"http://[::1]x", "does not close"},
        {"http://[::g]", "not an IP address"},
        {"http://[127.0.0.1]", "not an IP address"},
        {"http://[]", "host is missing"},
        {"http://1.2.3", "not an IP address"},
        {"http://1.2.3.4.5", "not an IP address"},
        {"http://256.1.1.1", "not an IP address"},
        {"http://a..b", "not a host name"},
        {"http://a.", "not a host name"},
        {"http://.a", "not a host name"},
        {"http://-a", "not a host name"},
        {"http://a-", "not a host name"},
        {"http://a-.b", "not a host name"},
        {"http://a,b", "not a host name"},
        {"http://a b", "blanks"},
        {" http://a", "blanks"},
        {"http://a\n", "blanks"},
        {"http://\xc3\xa4", "blanks"},
        {"http://a?x", "query or fragment"},
        {"http://a/#x", "query or fragment"},
        {"http://a/x?y=1", "query or fragment"},
        {"http://a/../x", "empty or dot segment"},
        {"http://a//x", "empty or dot segment"},
        {"http://a/%2", "hexadecimal"},
        {"http://a/%zz", "hexadecimal"},
        {"http://a/\"", "must be escaped"},
};

static void refuses_bad_urls(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct control_url url;
		struct ls_fail fail;

		assert_int_equal(control_url_parse(bad[i].in, &url, &fail), LS_ERROR_SYNTAX);
		if (!strstr(fail.text, bad[i].why))
			fail_msg("%s: %s, wanted: %s", bad[i].in, fail.text, bad[i].why);
	}
}

static void limits_lengths(void **state)
{
	char host[300] = "http://";
	char path[300] = "http://a/";
	char label[100] = "http://";
	struct control_url url;
	struct ls_fail fail;

	(void)state;
	for (size_t i = 7; i < 280; i++)
		host[i] = i % 50 == 0 ? '.' : 'a';
	memset(path + 9, 'x', 250);
	memset(label + 7, 'a', 64);
	assert_int_equal(control_url_parse(host, &url, &fail), LS_ERROR_SYNTAX);
	assert_int_equal(control_url_parse(path, &url, &fail), LS_ERROR_SYNTAX);
	assert_int_equal(control_url_parse(label, &url, &fail), LS_ERROR_SYNTAX);
	path[9 + 199] = '\0';
	label[7 + 63] = '\0';
	host[7 + 253] = '\0';
	assert_int_equal(control_url_parse(path, &url, &fail), 0);
	assert_int_equal(control_url_parse(label, &url, &fail), 0);
	assert_int_equal(control_url_parse(host, &url, &fail), 0);
}

static void lists_drop_duplicates(void **state)
{
	struct control_url_list list = {0};
	struct ls_fail fail;

	(void)state;
	assert_int_equal(control_url_list_add(&list, "http://a,http://b:1,http://a:80/", &fail), 0);
	assert_int_equal(list.count, 2);
	assert_int_equal(control_url_list_add(&list, "http://c,nonsense", &fail), LS_ERROR_SYNTAX);
	assert_int_equal(list.count, 2);
	assert_int_equal(control_url_list_add(&list, "http://c,", &fail), LS_ERROR_SYNTAX);
	assert_int_equal(control_url_list_add(&list, "http://b:1", &fail), 0);
	assert_int_equal(list.count, 2);
	assert_string_equal(list.items[1].text, "http://b:1");
	control_url_list_done(&list);
	assert_int_equal(list.count, 0);
}

static void backoff_doubles_with_jitter(void **state)
{
	const uint64_t s = UINT64_C(1000000000);
	const uint64_t limits[] = {1, 2, 4, 8, 16, 32, 60, 60, 60};
	struct backoff backoff;

	(void)state;
	for (uint64_t random = 0; random <= UINT32_MAX; random += UINT32_MAX) {
		control_backoff_init(&backoff, s, 60 * s);
		for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
			uint64_t wait = control_backoff_next(&backoff, (uint32_t)random);

			assert_int_equal(wait, random ? limits[i] * s : limits[i] * s / 2);
		}
		for (int i = 0; i < 1000; i++)
			assert_in_range(control_backoff_next(&backoff, (uint32_t)i * 4294967u),
			                30 * s, 60 * s);
		control_backoff_reset(&backoff);
		assert_in_range(control_backoff_next(&backoff, 12345), s / 2, s);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(parses_good_urls),
	        cmocka_unit_test(refuses_bad_urls),
	        cmocka_unit_test(limits_lengths),
	        cmocka_unit_test(lists_drop_duplicates),
	        cmocka_unit_test(backoff_doubles_with_jitter),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
