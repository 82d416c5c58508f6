/* SPDX-License-Identifier: Apache-2.0 */
/* STUN messages: the vectors of RFC 5769, requests read back, and messages that must be refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <sodium.h>

#include "nat/stun_message.h"
#include "wire/checksum.h"
#include "wire/cursor.h"
#include "wire_writer.h"

enum {
	MESSAGE_MAX = 512,
};

#define ID "b7e7a701bc34d686fa87dfae"
/* RFC 5769 2.2 and 2.3: SOFTWARE "test vector" padded with a blank, XOR-MAPPED-ADDRESS,
 * MESSAGE-INTEGRITY, FINGERPRINT. */
#define VECTOR_V4                                                                                  \
	"0101003c2112a442" ID "8022000b7465737420766563746f7220"                                   \
	"002000080001a147e112a643"                                                                 \
	"000800142b91f599fd9e90c38c7489f92af9ba53f06be7d7"                                         \
	"80280004c07d4c96"
#define VECTOR_V6                                                                                  \
	"010100482112a442" ID "8022000b7465737420766563746f7220"                                   \
	"002000140002a1470113a9faa5d3f179bc25f4b5bed2b9d9"                                         \
	"00080014a382954e4be67bf11784c97c8292c275bfe3ed41"                                         \
	"80280004c8fb0b4c"
/* Attributes of the tests below: 192.0.2.1:32853 twice, and error 420. */
#define XOR_MAPPED "002000080001a147e112a643"
#define MAPPED     "0001000800018055c0000201"
#define ERROR_420  "0009000400000414"

static size_t unhex(const char *hex, uint8_t *ret, size_t max)
{
	size_t len = 0;

	assert_int_equal(sodium_hex2bin(ret, max, hex, strlen(hex), NULL, &len, NULL), 0);
	return len;
}

/* A message of that type with these attributes. */
static size_t build(uint16_t type, const char *attributes, uint8_t ret[static MESSAGE_MAX])
{
	struct ls_writer w = ls_writer_of(ret, MESSAGE_MAX);
	uint8_t body[MESSAGE_MAX];
	size_t len = unhex(attributes, body, sizeof(body));

	ls_write_be16(&w, type);
	ls_write_be16(&w, (uint16_t)len);
	ls_write_be32(&w, STUN_MAGIC_COOKIE);
	(void)unhex(ID, ls_write_room(&w, STUN_TRANSACTION_LEN), STUN_TRANSACTION_LEN);
	ls_write_bytes(&w, body, len);
	assert_false(w.bad);
	return ls_writer_len(&w);
}

/* Decodes a copy of the exact size, so that the address sanitizer sees one byte too far. */
static int decode(const uint8_t *data, size_t len, struct stun_response *ret)
{
	uint8_t *exact = test_malloc(len ? len : 1);
	int r;

	memcpy(exact, data, len);
	r = stun_response_decode(exact, len, ret);
	test_free(exact);
	return r;
}

static void assert_mapped(const struct stun_response *response, const char *want)
{
	char buf[LS_ENDPOINT_TEXT];

	assert_string_equal(ls_endpoint_format(&response->mapped, buf), want);
}

static void test_vectors(void **state)
{
	static const struct {
		const char *hex, *mapped;
	} rows[] = {
	        {VECTOR_V4, "192.0.2.1:32853"},
	        {VECTOR_V6, "[2001:db8:1234:5678:11:2233:4455:6677]:32853"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct stun_response response;
		uint8_t data[MESSAGE_MAX], id[STUN_TRANSACTION_LEN];
		size_t len = unhex(rows[i].hex, data, sizeof(data));

		assert_int_equal(decode(data, len, &response), 0);
		assert_true(response.success);
		assert_int_equal(response.unknown_attribute, 0);
		assert_int_equal(response.error_code, 0);
		assert_mapped(&response, rows[i].mapped);
		(void)unhex(ID, id, sizeof(id));
		assert_memory_equal(response.transaction.b, id, sizeof(id));
	}
}

/* No bit of a fingerprinted message can change unseen, but those that make the fingerprint another
 * attribute, and no part of it passes for the whole. */
static void test_damaged_vectors(void **state)
{
	static const char *const vectors[] = {VECTOR_V4, VECTOR_V6};

	(void)state;
	for (size_t v = 0; v < 2; v++) {
		struct stun_response response = {.error_code = 7};
		uint8_t data[MESSAGE_MAX];
		size_t len = unhex(vectors[v], data, sizeof(data));

		for (size_t bit = 0; bit < len * 8; bit++) {
			if (bit / 8 == len - 8 || bit / 8 == len - 7)
				continue;
			data[bit / 8] ^= (uint8_t)(1u << bit % 8);
			if (decode(data, len, &response) != LS_ERROR_SYNTAX)
				fail_msg("vector %zu: bit %zu may be wrong", v, bit);
			data[bit / 8] ^= (uint8_t)(1u << bit % 8);
		}
		for (size_t n = 0; n < len; n++)
			assert_int_equal(decode(data, n, &response), LS_ERROR_SYNTAX);
		assert_int_equal(decode(data, len + 4, &response), LS_ERROR_SYNTAX);
		assert_int_equal(response.error_code, 7); /* nothing was written */
		assert_int_equal(decode(data, len, &response), 0);
	}
}

/* Our request is what RFC 8489 says: type, length, cookie, id, and the CRC over all before it. */
static void test_request(void **state)
{
	uint8_t data[STUN_REQUEST_LEN];
	struct stun_transaction id;
	struct stun_response response;
	struct ls_reader r;

	(void)state;
	for (unsigned round = 0; round < 100; round++) {
		randombytes_buf(&id, sizeof(id));
		stun_request_encode(&id, data);
		r = ls_reader_of(data, sizeof(data));
		assert_int_equal(ls_read_be16(&r), STUN_BINDING_REQUEST);
		assert_int_equal(ls_read_be16(&r), 8);
		assert_int_equal(ls_read_be32(&r), 0x2112a442);
		assert_memory_equal(ls_read_bytes(&r, sizeof(id)), id.b, sizeof(id));
		assert_int_equal(ls_read_be16(&r), 0x8028);
		assert_int_equal(ls_read_be16(&r), 4);
		assert_int_equal(ls_read_be32(&r), ls_crc32(data, 20) ^ 0x5354554e);
		assert_true(ls_reader_finished(&r));
		/* It is no response; with a response's type its fingerprint is wrong. */
		assert_int_equal(decode(data, sizeof(data), &response), LS_ERROR_SYNTAX);
		data[0] = 1;
		assert_int_equal(decode(data, sizeof(data), &response), LS_ERROR_SYNTAX);
	}
}

/* Any address and port that a server may see come back as they are. */
static void test_round_trip(void **state)
{
	static const char *const texts[] = {
	        "0.0.0.0:1",
	        "255.255.255.255:65535",
	        "33.18.164.66:8466",
	        "[::1]:1",
	        "[2001:db8::ffff]:40000",
	        "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:9",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct ls_endpoint ep;
		struct stun_response response;
		uint8_t data[MESSAGE_MAX];
		size_t len = build(STUN_BINDING_SUCCESS, "", data), ip_len;
		struct ls_writer w = ls_writer_of(data, sizeof(data));

		assert_int_equal(ls_endpoint_parse(texts[i], &ep), 0);
		ip_len = ls_ip_len(&ep.ip);
		(void)ls_write_room(&w, len);
		ls_write_be16(&w, 0x0020);
		ls_write_be16(&w, (uint16_t)(4 + ip_len));
		ls_write_be16(&w, ip_len == 4 ? 1 : 2);
		ls_write_be16(&w, ep.port ^ 0x2112);
		for (size_t k = 0; k < ip_len; k++)
			ls_write_u8(&w, ep.ip.b[k] ^ data[4 + k]); /* cookie and transaction id */
		data[3] = (uint8_t)(ls_writer_len(&w) - STUN_HEADER_LEN);
		assert_int_equal(decode(data, ls_writer_len(&w), &response), 0);
		assert_mapped(&response, texts[i]);
	}
}

static void test_accepted(void **state)
{
	static const struct {
		uint16_t type;
		const char *attributes, *mapped;
		uint16_t error, unknown;
	} rows[] = {
	        {0x0101, XOR_MAPPED, "192.0.2.1:32853", 0, 0},
	        /* an RFC 3489 server: MAPPED-ADDRESS, SOURCE-ADDRESS, CHANGED-ADDRESS */
	        {0x0101,
	         MAPPED "0004000800010d96c6336402"
	                "0005000800010d97c6336403",
	         "192.0.2.1:32853", 0, 0},
	        /* the one that address translators do not tamper with wins, wherever it stands */
	        {0x0101, "0001000800018055c0000299" XOR_MAPPED, "192.0.2.1:32853", 0, 0},
	        {0x0101, XOR_MAPPED "0001000800018055c0000299", "192.0.2.1:32853", 0, 0},
	        /* the first of two counts */
	        {0x0101, XOR_MAPPED "002000080001a147e112a6ff", "192.0.2.1:32853", 0, 0},
	        /* IPv4 within IPv6 */
	        {0x0101,
	         "0001001400028055"
	         "00000000000000000000ffffc0000201",
	         "192.0.2.1:32853", 0, 0},
	        /* nothing to be found */
	        {0x0101, "", "", 0, 0},
	        /* unknown, to be understood (0x7fff) or not (0x8000); what padding holds */
	        {0x0101, "7fff0000" XOR_MAPPED "00210000", "192.0.2.1:32853", 0, 0x7fff},
	        {0x0101, "80000000" XOR_MAPPED, "192.0.2.1:32853", 0, 0},
	        {0x0101, "8022000161ffffff" XOR_MAPPED, "192.0.2.1:32853", 0, 0},
	        /* behind MESSAGE-INTEGRITY nothing counts */
	        {0x0101,
	         MAPPED "000800140000000000000000000000000000000000000000"
	                "002000080001a147e112a6ff"
	                "7fff0000",
	         "192.0.2.1:32853", 0, 0},
	        {0x0111, ERROR_420, "", 420, 0},
	        {0x0111,
	         "000900090000030054727920616c740000"
	         "000000",
	         "", 300, 0},
	        {0x0111, ERROR_420 "000a000200270000", "", 420, 0},
	        {0x0111,
	         ERROR_420 "00030004"
	                   "00000000",
	         "", 420, 3},
	        /* an address in an error says nothing */
	        {0x0111, ERROR_420 XOR_MAPPED, "", 420, 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct stun_response response;
		uint8_t data[MESSAGE_MAX];
		size_t len = build(rows[i].type, rows[i].attributes, data);

		if (decode(data, len, &response) != 0)
			fail_msg("row %zu was refused", i);
		assert_int_equal(response.success, rows[i].type == STUN_BINDING_SUCCESS);
		assert_int_equal(response.error_code, rows[i].error);
		assert_int_equal(response.unknown_attribute, rows[i].unknown);
		if (rows[i].mapped[0])
			assert_mapped(&response, rows[i].mapped);
		else
			assert_int_equal(response.mapped.ip.family, LS_FAMILY_NONE);
	}
}

static void test_malformed(void **state)
{
	static const struct {
		uint16_t type;
		const char *attributes;
	} rows[] = {
	        /* types: request, indication, another method, the zero bits set */
	        {0x0001, XOR_MAPPED},
	        {0x0011, XOR_MAPPED},
	        {0x0103, XOR_MAPPED},
	        {0x4101, XOR_MAPPED},
	        {0x8101, XOR_MAPPED},
	        /* half an attribute's head; a length past the end, also by its padding alone */
	        {0x0101, XOR_MAPPED "0020"},
	        {0x0101, "00200008"
	                 "0001a147"},
	        {0x0101, "8022ffff61626364"},
	        {0x0101, XOR_MAPPED "8022000161"},
	        {0x0101, XOR_MAPPED "80220003616263"},
	        /* addresses: too short, too long, no family, IPv6 in IPv4's length and back */
	        {0x0101, "00200000"},
	        {0x0101, "0020000400010001"},
	        {0x0101, "002000070001a147e112a600"},
	        {0x0101, "0020000c0001a147e112a64300000000"},
	        {0x0101, "002000080000a147e112a643"},
	        {0x0101, "002000080003a147e112a643"},
	        {0x0101, "002000080002a147e112a643"},
	        {0x0101, "002000140001a1470113a9faa5d3f179bc25f4b5bed2b9d9"},
	        {0x0101, "000100040001a147"},
	        /* the second of two is read, too */
	        {0x0101, XOR_MAPPED "0020000400010001"},
	        /* errors: none, too short, classes 2 and 7, number 100 */
	        {0x0111, ""},
	        {0x0111, XOR_MAPPED},
	        {0x0111, "00090000"},
	        {0x0111, "000900030000"
	                 "0400"},
	        {0x0111, "0009000400000200"},
	        {0x0111, "0009000400000700"},
	        {0x0111, "0009000400000464"},
	        /* integrity of a wrong length */
	        {0x0101, XOR_MAPPED "0008001000000000000000000000000000000000"},
	        {0x0101, XOR_MAPPED "001c000c000000000000000000000000"},
	        /* a fingerprint that is wrong, too short, not the last */
	        {0x0101, XOR_MAPPED "8028000400000000"},
	        {0x0101, XOR_MAPPED "80280000"},
	        {0x0101, XOR_MAPPED "802800080000000000000000"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct stun_response response;
		uint8_t data[MESSAGE_MAX];
		size_t len = build(rows[i].type, rows[i].attributes, data);

		if (decode(data, len, &response) != LS_ERROR_SYNTAX)
			fail_msg("row %zu was taken", i);
	}
}

/* A right fingerprint with an attribute behind it, and one over a message without its cookie. */
static void test_misplaced_fingerprint(void **state)
{
	struct stun_response response;
	uint8_t data[MESSAGE_MAX];
	size_t len = build(STUN_BINDING_SUCCESS, XOR_MAPPED "8028000400000000", data);
	struct ls_be32 crc;

	(void)state;
	crc = ls_be32_of(ls_crc32(data, len - 8) ^ STUN_FINGERPRINT_XOR);
	memcpy(data + len - 4, crc.b, 4);
	assert_int_equal(decode(data, len, &response), 0);
	(void)unhex("80220000", data + len, 4);
	data[3] = (uint8_t)(data[3] + 4);
	crc = ls_be32_of(ls_crc32(data, len - 8) ^ STUN_FINGERPRINT_XOR);
	memcpy(data + len - 4, crc.b, 4);
	assert_int_equal(decode(data, len + 4, &response), LS_ERROR_SYNTAX);
	len = build(STUN_BINDING_SUCCESS, MAPPED, data);
	assert_int_equal(decode(data, len, &response), 0);
	data[4] ^= 1;
	assert_int_equal(decode(data, len, &response), LS_ERROR_SYNTAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_vectors),
	        cmocka_unit_test(test_damaged_vectors),
	        cmocka_unit_test(test_request),
	        cmocka_unit_test(test_round_trip),
	        cmocka_unit_test(test_accepted),
	        cmocka_unit_test(test_malformed),
	        cmocka_unit_test(test_misplaced_fingerprint),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
