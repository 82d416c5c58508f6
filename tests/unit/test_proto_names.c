/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/str.h"
#include "proto/limits.h"
#include "proto/names.h"

#define X63 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static int check_label(const char *s, struct ls_fail *fail)
{
	return proto_name_check_label(s, "name", fail);
}

static int check_domain(const char *s, struct ls_fail *fail)
{
	return proto_name_check_domain(s, "name", fail);
}

static int check_text(const char *s, struct ls_fail *fail)
{
	return proto_name_check_text(s, 8, "name", fail);
}

static int check_tag(const char *s, struct ls_fail *fail)
{
	return proto_name_check_tag(s, "name", fail);
}

static int check_host_port(const char *s, struct ls_fail *fail)
{
	return proto_name_check_host_port(s, "name", fail);
}

static void names(void **state)
{
	static const struct {
		int (*check)(const char *s, struct ls_fail *fail);
		const char *name;
		const char *message; /* NULL: good */
	} cases[] = {
	        {check_label, "laptop", NULL},
	        {check_label, "Laptop-2", NULL},
	        {check_label, "7", NULL},
	        {check_label, X63, NULL},
	        {check_label, "", "name is empty"},
	        {check_label, X63 "a", "name is longer than the 63 characters of a DNS label"},
	        {check_label, "-a", "name must not start or end with a hyphen"},
	        {check_label, "a-", "name must not start or end with a hyphen"},
	        {check_label, "a.b",
	         "name may only have letters, digits and hyphens, to be usable in DNS"},
	        {check_label, "caf\xc3\xa9",
	         "name may only have letters, digits and hyphens, to be usable in DNS"},
	        {check_domain, "lab.example", NULL},
	        {check_domain, "lab", NULL},
	        {check_domain, "", "name is empty"},
	        {check_domain, "lab.", "name has an empty label"},
	        {check_domain, ".lab", "name has an empty label"},
	        {check_domain, "a_b.c",
	         "name may only have letters, digits and hyphens, to be usable in DNS"},
	        {check_domain, X63 "." X63 "." X63, "name is too long to carry node names"},
	        {check_text, "my lab", NULL},
	        {check_text, "caf\xc3\xa9", NULL},
	        {check_text, "   ", "name is empty"},
	        {check_text, "123456789", "name is longer than 8 bytes"},
	        {check_text, "a\tb", "name has control characters"},
	        {check_text, "a\xc2\x9b", "name has control characters"},
	        {check_text, "a\xff", "name is not UTF-8"},
	        {check_tag, "dev", NULL},
	        {check_tag, "a b", "name must not have blanks or commas"},
	        {check_tag, "a,b", "name must not have blanks or commas"},
	        {check_tag, "", "name is empty"},
	        {check_host_port, "192.0.2.1:1", NULL},
	        {check_host_port, "[2001:db8::1]:65535", NULL},
	        {check_host_port, "vpn.example.com:443", NULL},
	        {check_host_port, "host:0", "name is not host:port"},
	        {check_host_port, "host:65536", "name is not host:port"},
	        {check_host_port, "host", "name is not host:port"},
	        {check_host_port, ":1", "name is not host:port"},
	        {check_host_port, "300.0.0.1:1", "name is not host:port"},
	        {check_host_port, "2001:db8::1:1", "name is not host:port"},
	        {check_host_port, "a b:1", "name is not host:port"},
	        {proto_name_check_profile, "default", NULL},
	        {proto_name_check_profile, "_a.B-9", NULL},
	        {proto_name_check_profile, "", "profile name is empty"},
	        {proto_name_check_profile, "..",
	         "profile name must start with a letter, a digit or '_'"},
	        {proto_name_check_profile, "a/b",
	         "profile name may only have letters, digits, '.', '_' and '-'"},
	        {proto_name_check_profile, X63 "aa", "profile name is longer than 64 characters"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct ls_fail fail = {0};
		int r = cases[i].check(cases[i].name, &fail);

		if ((r == 0) != !cases[i].message)
			fail_msg("\"%s\": %d %s", cases[i].name, r, fail.text);
		if (cases[i].message)
			assert_string_equal(fail.text, cases[i].message);
	}
}

static void makes_node_names_of_host_names(void **state)
{
	static const struct {
		const char *host;
		const char *name; /* NULL: nothing usable */
	} rows[] = {
	        {"laptop", "laptop"},
	        {"Laptop.home.arpa", "laptop"},
	        {"my_pc", "my-pc"},
	        {"-a--b-", "a-b"},
	        {"localhost", "localhost"},
	        {"", NULL},
	        {"___", NULL},
	        {".x", NULL},
	        {"\xc3\xa9t", "t"},
	};
	char longest[100], name[LIMIT_NODE_NAME_LEN + 1];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(proto_name_from_host(rows[i].host, name), rows[i].name != NULL);
		if (rows[i].name)
			assert_string_equal(name, rows[i].name);
	}
	memset(longest, 'a', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	longest[LIMIT_NODE_NAME_LEN - 1] = '-';
	assert_true(proto_name_from_host(longest, name));
	assert_int_equal(strlen(name), LIMIT_NODE_NAME_LEN - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(names),
	        cmocka_unit_test(makes_node_names_of_host_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
