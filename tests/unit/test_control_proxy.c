/* SPDX-License-Identifier: Apache-2.0 */
/* Which proxy the environment variables choose. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/str.h"
#include "control/proxy.h"

enum {
	VARIABLES_MAX = 3,
};

struct variable {
	const char *name;
	const char *value;
};

static const struct variable *environment;

static char *lookup(const char *name)
{
	for (size_t i = 0; i < VARIABLES_MAX && environment[i].name; i++) {
		if (ls_streq(environment[i].name, name))
			return (char *)(uintptr_t)environment[i].value;
	}
	return NULL;
}

static const struct {
	struct variable environment[VARIABLES_MAX];
	const char *url;
	const char *proxy;         /* NULL: none */
	const char *authorization; /* NULL: none */
} cases[] = {
        {{{0}}, "https://a", NULL, NULL},
        {{{"https_proxy", "p:1"}}, "https://a", "http://p:1", NULL},
        {{{"https_proxy", "p:1"}}, "http://a", NULL, NULL},
        {{{"http_proxy", "p:1"}}, "http://a", "http://p:1", NULL},
        {{{"http_proxy", "p:1"}}, "https://a", NULL, NULL},
        {{{"HTTP_PROXY", "p:1"}}, "http://a", "http://p:1", NULL},
        {{{"HTTP_PROXY", "q:1"}, {"http_proxy", "p:1"}}, "http://a", "http://p:1", NULL},
        {{{"HTTP_PROXY", "p:1"}, {"REQUEST_METHOD", "GET"}}, "http://a", NULL, NULL},
        {{{"http_proxy", "p:1"}, {"REQUEST_METHOD", "GET"}}, "http://a", "http://p:1", NULL},
        {{{"HTTPS_PROXY", "p:1"}, {"REQUEST_METHOD", ""}}, "https://a", "http://p:1", NULL},
        {{{"HTTPS_PROXY", "p:1"}}, "https://a", "http://p:1", NULL},
        {{{"HTTPS_PROXY", "q:1"}, {"https_proxy", "p:1"}}, "https://a", "http://p:1", NULL},
        {{{"ALL_PROXY", "q:1"}, {"all_proxy", "p:1"}}, "http://a", "http://p:1", NULL},
        {{{"all_proxy", "q:1"}, {"https_proxy", "p:1"}}, "https://a", "http://p:1", NULL},
        {{{"https_proxy", ""}, {"all_proxy", "p:1"}}, "https://a", "http://p:1", NULL},
        {{{"https_proxy", "p"}}, "https://a", "http://p:1080", NULL},
        {{{"https_proxy", "http://p/"}}, "https://a", "http://p:1080", NULL},
        {{{"https_proxy", "HTTP://p:80/"}}, "https://a", "http://p", NULL},
        {{{"https_proxy", "[::1]:3"}}, "https://a", "http://[::1]:3", NULL},
        {{{"https_proxy", "http://[2001:db8::1]"}}, "https://a", "http://[2001:db8::1]:1080", NULL},
        {{{"https_proxy", "u:p@h:1"}}, "https://a", "http://h:1", "Basic dTpw"},
        {{{"https_proxy", "u@h:1"}}, "https://a", "http://h:1", "Basic dTo="},
        {{{"https_proxy", "http://u%3a:p%40@h:1"}}, "https://a", "http://h:1", "Basic dTo6cEA="},
        {{{"https_proxy", "http://u:p@q@h:1"}}, "https://a", "http://h:1", "Basic dTpwQHE="},
        {{{"all_proxy", "p:1"}}, "https://localhost", NULL, NULL},
        {{{"all_proxy", "p:1"}}, "https://127.3.2.1", NULL, NULL},
        {{{"all_proxy", "p:1"}}, "https://[::1]", NULL, NULL},
        {{{"all_proxy", "p:1"}, {"no_proxy", "*"}}, "https://a", NULL, NULL},
        {{{"all_proxy", "p:1"}, {"no_proxy", "b.c"}}, "https://a.B.c", NULL, NULL},
        {{{"all_proxy", "p:1"}, {"no_proxy", "b.c"}}, "https://ab.c", "http://p:1", NULL},
        {{{"all_proxy", "p:1"}, {"no_proxy", ".b.c."}}, "https://b.c", NULL, NULL},
        {{{"all_proxy", "p:1"}, {"no_proxy", ".,,."}}, "https://b.c", "http://p:1", NULL},
        {{{"all_proxy", "p:1"}, {"NO_PROXY", "x b"}}, "https://b", NULL, NULL},
        {{{"all_proxy", "p:1"}, {"NO_PROXY", "b"}, {"no_proxy", "x"}},
         "https://b",
         "http://p:1",
         NULL},
        {{{"all_proxy", "p:1"}, {"no_proxy", "10.0.0.0/8"}}, "https://10.9.8.7", NULL, NULL},
        {{{"all_proxy", "p:1"}, {"no_proxy", "10.1.1.1/8"}}, "https://10.9.8.7", NULL, NULL},
        {{{"all_proxy", "p:1"}, {"no_proxy", "11.0.0.0/8"}},
         "https://10.9.8.7",
         "http://p:1",
         NULL},
        {{{"all_proxy", "p:1"}, {"no_proxy", "[2001:db8::2]"}},
         "https://[2001:db8:0::2]",
         NULL,
         NULL},
        {{{"all_proxy", "p:1"}, {"no_proxy", "2001:db8::/32"}},
         "https://[2001:db8:1::2]",
         NULL,
         NULL},
        {{{"all_proxy", "p:1"}, {"no_proxy", "10"}}, "https://10.0.0.10", "http://p:1", NULL},
};

static void finds_proxies(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct control_url url;
		struct proxy *proxy;
		struct ls_fail fail = {0};

		environment = cases[i].environment;
		assert_int_equal(control_url_parse(cases[i].url, &url, &fail), 0);
		if (control_proxy_find(&url, lookup, &proxy, &fail) < 0)
			fail_msg("case %zu: %s", i, fail.text);
		if (!ls_streq(proxy ? proxy->url.text : NULL, cases[i].proxy))
			fail_msg("case %zu: %s", i, proxy ? proxy->url.text : "none");
		if (!ls_streq(proxy ? proxy->authorization : NULL, cases[i].authorization))
			fail_msg("case %zu: %s", i, proxy->authorization);
		control_proxy_free(proxy);
	}
}

static const struct {
	const char *value;
	const char *why;
} bad[] = {
        {"socks5h://p:1", "only http:// proxies"},
        {"https://p:1", "only http:// proxies"},
        {"http://", "not a URL"},
        {"http://p:70000", "not a URL"},
        {"http://p:1/x", "it has a path"},
        {"http://p:1?x", "not a URL"},
        {"http://u:%4@p:1", "does not parse"},
        {"http://u:%zz@p:1", "does not parse"},
        {"http://[::1", "not a URL"},
        {"2001:db8::1", "not a URL"},
        {"http://sesame:sesame@p q", "not a URL"},
};

static void refuses_without_showing(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		const struct variable one[VARIABLES_MAX] = {{"https_proxy", bad[i].value}};
		struct control_url url;
		struct proxy *proxy;
		struct ls_fail fail = {0};

		environment = one;
		assert_int_equal(control_url_parse("https://a", &url, &fail), 0);
		assert_int_equal(control_proxy_find(&url, lookup, &proxy, &fail), LS_ERROR_SYNTAX);
		if (!strstr(fail.text, bad[i].why) || !strstr(fail.text, "https_proxy") ||
		    strstr(fail.text, "sesame"))
			fail_msg("%s: %s", bad[i].value, fail.text);
	}
}

static void refuses_endless_credentials(void **state)
{
	char value[900];
	const struct variable one[VARIABLES_MAX] = {{"https_proxy", value}};
	struct control_url url;
	struct proxy *proxy;

	(void)state;
	memset(value, 'u', sizeof(value));
	memcpy(value + sizeof(value) - 5, "@p:1", 5);
	environment = one;
	assert_int_equal(control_url_parse("https://a", &url, NULL), 0);
	assert_int_equal(control_proxy_find(&url, lookup, &proxy, NULL), LS_ERROR_SYNTAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(finds_proxies),
	        cmocka_unit_test(refuses_without_showing),
	        cmocka_unit_test(refuses_endless_credentials),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
