/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "wire/checksum.h"
#include "wire/cursor.h"
#include "wire/ip.h"

static void test_reader_is_sticky(void **state)
{
	static const uint8_t bytes[] = {1, 2, 3, 4, 5};
	struct ls_reader r = ls_reader_of(bytes, sizeof(bytes));

	(void)state;
	assert_int_equal(ls_read_be32(&r), 0x01020304);
	assert_false(ls_reader_finished(&r));
	assert_int_equal(ls_read_be16(&r), 0);
	assert_true(r.bad);
	assert_int_equal(ls_read_u8(&r), 0);
}

static void test_endpoint_text(void **state)
{
	static const struct {
		const char *in;
		const char *out; /* NULL: refused */
	} rows[] = {
	        {"192.0.2.1:51820", "192.0.2.1:51820"},
	        {"[2001:db8::1]:1", "[2001:db8::1]:1"},
	        {"[::ffff:192.0.2.1]:9", "192.0.2.1:9"},
	        {"[fe80::1%7]:9", "[fe80::1%7]:9"},
	        {"192.0.2.1:0", NULL},
	        {"192.0.2.1:65536", NULL},
	        {"192.0.2.1", NULL},
	        {"2001:db8::1:51820", NULL},
	        {"[192.0.2.1]:1", NULL},
	        {"[2001:db8::1:1", NULL},
	        {"example.com:1", NULL},
	        {":1", NULL},
	        {"", NULL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct ls_endpoint ep, back;
		char buf[LS_ENDPOINT_TEXT];
		struct sockaddr_storage ss;
		int r = ls_endpoint_parse(rows[i].in, &ep);

		assert_int_equal(r, rows[i].out ? 0 : LS_ERROR_SYNTAX);
		if (r < 0)
			continue;
		assert_string_equal(ls_endpoint_format(&ep, buf), rows[i].out);
		assert_true(ls_endpoint_to_sockaddr(&ep, &ss) > 0);
		assert_int_equal(ls_endpoint_from_sockaddr((struct sockaddr *)&ss, &back), 0);
		assert_true(ls_endpoint_equal(&ep, &back));
	}
}

static void test_prefixes(void **state)
{
	struct ls_prefix a, b;
	struct ls_ip ip;
	char buf[LS_PREFIX_TEXT];

	(void)state;
	assert_int_equal(ls_prefix_parse("10.1.2.0/23", &a), 0);
	assert_int_equal(ls_prefix_parse("10.1.3.0/23", &b), LS_ERROR_BAD_VALUE);
	assert_int_equal(ls_prefix_parse_network("10.1.3.77/23", &b), 0);
	assert_true(ls_prefix_equal(&a, &b));
	assert_int_equal(ls_ip_parse("10.1.3.255", &ip), 0);
	assert_true(ls_prefix_contains(&a, &ip));
	assert_int_equal(ls_prefix_parse("10.0.0.0/8", &b), 0);
	assert_true(ls_prefix_overlaps(&a, &b));
	assert_int_equal(ls_prefix_parse("10.1.4.0/24", &b), 0);
	assert_false(ls_prefix_overlaps(&a, &b));
	assert_int_equal(ls_prefix_parse("fd00:1::/48", &b), 0);
	assert_string_equal(ls_prefix_format(&b, buf), "fd00:1::/48");
	assert_int_equal(ls_prefix_parse("0.0.0.0/0", &b), 0);
	assert_true(ls_prefix_contains(&b, &ip));
	assert_int_equal(ls_prefix_parse("10.0.0.0/33", &b), LS_ERROR_SYNTAX);
	assert_int_equal(ls_prefix_parse("::ffff:10.0.0.0/104", &b), LS_ERROR_SYNTAX);
}

/* The example of RFC 1071 section 3. */
static void test_checksum(void **state)
{
	static const uint8_t bytes[] = {0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7};
	uint16_t sum = ls_checksum_fold(ls_checksum_add(0, bytes, sizeof(bytes)));
	uint8_t stored[2];

	(void)state;
	memcpy(stored, &sum, 2);
	assert_int_equal(stored[0], 0xdd);
	assert_int_equal(stored[1], 0xf2);
}

static void test_crc32(void **state)
{
	uint8_t all[256];

	(void)state;
	for (unsigned i = 0; i < sizeof(all); i++)
		all[i] = (uint8_t)i;
	assert_int_equal(ls_crc32("", 0), 0);
	/* The check value that catalogues of CRCs give; the others come from Python's zlib. */
	assert_int_equal(ls_crc32("123456789", 9), 0xcbf43926);
	assert_int_equal(ls_crc32("a", 1), 0xe8b7be43);
	assert_int_equal(ls_crc32(all, sizeof(all)), 0x29058c73);
}

static void test_address_from_bytes(void **state)
{
	static const uint8_t v4[4] = {192, 0, 2, 1};
	static const uint8_t v6[16] = {0x20, 0x01, 0x0d, 0xb8, [15] = 1};
	static const uint8_t mapped[16] = {[10] = 0xff, 0xff, 192, 0, 2, 1};
	struct ls_ip want, ip;

	(void)state;
	assert_int_equal(ls_ip_parse("192.0.2.1", &want), 0);
	ip = ls_ip_from_bytes(LS_FAMILY_V4, v4);
	assert_true(ls_ip_equal(&ip, &want));
	ip = ls_ip_from_bytes(LS_FAMILY_V6, mapped);
	assert_true(ls_ip_equal(&ip, &want));
	assert_int_equal(ls_ip_parse("2001:db8::1", &want), 0);
	ip = ls_ip_from_bytes(LS_FAMILY_V6, v6);
	assert_true(ls_ip_equal(&ip, &want));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_reader_is_sticky),
	        cmocka_unit_test(test_endpoint_text),
	        cmocka_unit_test(test_prefixes),
	        cmocka_unit_test(test_checksum),
	        cmocka_unit_test(test_crc32),
	        cmocka_unit_test(test_address_from_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
