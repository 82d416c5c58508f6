/* SPDX-License-Identifier: Apache-2.0 */
#include "nat/stun_message.h"

#include <string.h>

#include "wire/checksum.h"
#include "wire/cursor.h"

enum {
	PORT_XOR = STUN_MAGIC_COOKIE >> 16,
	ERROR_CLASS_MIN = 3, /* RFC 8489 14.8 */
	ERROR_CLASS_MAX = 6,
	ERROR_NUMBER_MAX = 99,
	INTEGRITY_LEN = 20,        /* RFC 8489 14.5 */
	INTEGRITY_SHA256_MIN = 16, /* RFC 8489 14.6 */
	INTEGRITY_SHA256_MAX = 32,
};

/* A response while its attributes are read. When an attribute occurs twice, only the first counts
 * (RFC 8489 14). */
struct parse {
	const uint8_t *data;      /* the message */
	uint8_t pad[16];          /* an address is XORed with this: cookie and transaction id */
	bool sealed;              /* a MESSAGE-INTEGRITY was read */
	struct ls_endpoint xored; /* family LS_FAMILY_NONE: not read yet */
	struct ls_endpoint plain;
	uint16_t error_code;
	uint16_t unknown;
	bool bad;
};

/* Our Binding request as it is sent. */
struct request {
	struct ls_be16 type;
	struct ls_be16 length;
	struct ls_be32 cookie;
	struct stun_transaction transaction;
	struct ls_be16 fingerprint_type;
	struct ls_be16 fingerprint_length;
	struct ls_be32 fingerprint;
};
_Static_assert(sizeof(struct request) == STUN_REQUEST_LEN, "layout");

void stun_request_encode(const struct stun_transaction *transaction,
                         uint8_t ret[static STUN_REQUEST_LEN])
{
	struct request request = {
	        .type = ls_be16_of(STUN_BINDING_REQUEST),
	        .length = ls_be16_of(STUN_REQUEST_LEN - STUN_HEADER_LEN),
	        .cookie = ls_be32_of(STUN_MAGIC_COOKIE),
	        .transaction = *transaction,
	        .fingerprint_type = ls_be16_of(STUN_FINGERPRINT),
	        .fingerprint_length = ls_be16_of(sizeof(request.fingerprint)),
	};

	request.fingerprint =
	        ls_be32_of(ls_crc32(&request, offsetof(struct request, fingerprint_type)) ^
	                   STUN_FINGERPRINT_XOR);
	memcpy(ret, &request, sizeof(request));
}

static bool is_understood(uint16_t attribute)
{
	switch (attribute) {
	case STUN_MAPPED_ADDRESS:
	case STUN_USERNAME:
	case STUN_MESSAGE_INTEGRITY:
	case STUN_ERROR_CODE:
	case STUN_UNKNOWN_ATTRIBUTES:
	case STUN_REALM:
	case STUN_NONCE:
	case STUN_MESSAGE_INTEGRITY_SHA256:
	case STUN_PASSWORD_ALGORITHM:
	case STUN_USERHASH:
	case STUN_XOR_MAPPED_ADDRESS:
	case STUN_OLD_SOURCE_ADDRESS:
	case STUN_OLD_CHANGED_ADDRESS:
	case STUN_OLD_REFLECTED_FROM:
		return true;
	default:
		return attribute >= STUN_OPTIONAL;
	}
}

/* Reads an address; `pad` is NULL when the address is not XORed. */
static void take_address(struct parse *parse, struct ls_reader *value, const uint8_t *pad,
                         struct ls_endpoint *ret)
{
	struct ls_endpoint found = {0};
	enum ls_family family = LS_FAMILY_NONE;
	uint8_t ip[16];
	const uint8_t *at;
	uint8_t code;

	(void)ls_read_u8(value); /* always zero; ignored */
	code = ls_read_u8(value);
	found.port = ls_read_be16(value);
	if (code == STUN_FAMILY_V4)
		family = LS_FAMILY_V4;
	else if (code == STUN_FAMILY_V6)
		family = LS_FAMILY_V6;
	at = ls_read_bytes(value, ls_family_bits(family) / 8);
	if (!at || family == LS_FAMILY_NONE || !ls_reader_finished(value)) {
		parse->bad = true;
		return;
	}
	if (pad)
		found.port ^= PORT_XOR;
	for (size_t i = 0; i < ls_family_bits(family) / 8u; i++)
		ip[i] = pad ? at[i] ^ pad[i] : at[i];
	found.ip = ls_ip_from_bytes(family, ip);
	if (ret->ip.family == LS_FAMILY_NONE)
		*ret = found;
}

/* Ignores the reason phrase that follows. */
static void take_error(struct parse *parse, struct ls_reader *value)
{
	uint32_t word = ls_read_be32(value);
	unsigned class = (word >> 8) & 7, number = word & 0xff;

	if (value->bad || class < ERROR_CLASS_MIN || class > ERROR_CLASS_MAX ||
	    number > ERROR_NUMBER_MAX)
		parse->bad = true;
	else if (parse->error_code == 0)
		parse->error_code = (uint16_t)(class * 100 + number);
}

/* `before` is the number of bytes before the attribute, `after` the number of bytes after it. */
static void take_fingerprint(struct parse *parse, struct ls_reader *value, size_t before,
                             size_t after)
{
	uint32_t crc = ls_read_be32(value) ^ STUN_FINGERPRINT_XOR;

	if (!ls_reader_finished(value) || after != 0 || crc != ls_crc32(parse->data, before))
		parse->bad = true;
}

/* We have no password to check it with, so only its length is checked. */
static void take_integrity(struct parse *parse, uint16_t type, size_t len)
{
	parse->sealed = true;
	if (type == STUN_MESSAGE_INTEGRITY)
		parse->bad = len != INTEGRITY_LEN;
	else
		parse->bad =
		        len < INTEGRITY_SHA256_MIN || len > INTEGRITY_SHA256_MAX || len % 4 != 0;
}

static void take_attribute(struct parse *parse, uint16_t type, struct ls_reader *value)
{
	switch (type) {
	case STUN_XOR_MAPPED_ADDRESS:
		take_address(parse, value, parse->pad, &parse->xored);
		break;
	case STUN_MAPPED_ADDRESS:
		take_address(parse, value, NULL, &parse->plain);
		break;
	case STUN_ERROR_CODE:
		take_error(parse, value);
		break;
	case STUN_MESSAGE_INTEGRITY:
	case STUN_MESSAGE_INTEGRITY_SHA256:
		take_integrity(parse, type, ls_reader_left(value));
		break;
	default:
		if (!is_understood(type) && parse->unknown == 0)
			parse->unknown = type;
		break;
	}
}

/* Attributes are padded to a multiple of 4 bytes; the padding may have any value (RFC 8489 14). */
static void take_attributes(struct parse *parse, struct ls_reader *r)
{
	while (!parse->bad && ls_reader_left(r) > 0) {
		size_t before = (size_t)(r->p - parse->data);
		uint16_t type = ls_read_be16(r);
		uint16_t len = ls_read_be16(r);
		struct ls_reader value = ls_read_sub(r, len);

		(void)ls_read_bytes(r, (4 - len % 4u) % 4);
		if (r->bad)
			parse->bad = true;
		else if (type == STUN_FINGERPRINT)
			take_fingerprint(parse, &value, before, ls_reader_left(r));
		else if (!parse->sealed)
			take_attribute(parse, type, &value);
	}
}

int stun_response_decode(const void *data, size_t len, struct stun_response *ret)
{
	struct ls_reader r = ls_reader_of(data, len);
	struct parse parse = {.data = data};
	struct stun_response response = {0};
	uint16_t type = ls_read_be16(&r);
	uint16_t body = ls_read_be16(&r);
	struct ls_be32 cookie = ls_be32_of(ls_read_be32(&r));
	const uint8_t *id = ls_read_bytes(&r, STUN_TRANSACTION_LEN);

	/* RFC 8489 6.3: check the cookie, the length and the type. */
	if (!id || ls_be32_get(cookie) != STUN_MAGIC_COOKIE || body != ls_reader_left(&r) ||
	    body % 4 != 0 || (type != STUN_BINDING_SUCCESS && type != STUN_BINDING_ERROR))
		return LS_ERROR_SYNTAX;
	memcpy(parse.pad, cookie.b, sizeof(cookie.b));
	memcpy(parse.pad + sizeof(cookie.b), id, STUN_TRANSACTION_LEN);
	memcpy(response.transaction.b, id, STUN_TRANSACTION_LEN);
	take_attributes(&parse, &r);
	response.success = type == STUN_BINDING_SUCCESS;
	response.unknown_attribute = parse.unknown;
	if (response.success)
		response.mapped =
		        parse.xored.ip.family != LS_FAMILY_NONE ? parse.xored : parse.plain;
	else
		response.error_code = parse.error_code;
	if (parse.bad || (!response.success && response.error_code == 0))
		return LS_ERROR_SYNTAX;
	*ret = response;
	return 0;
}
