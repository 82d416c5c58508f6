/* SPDX-License-Identifier: Apache-2.0 */
/* STUN messages (RFC 8489), as far as a client needs them: it sends Binding requests and reads the
 * responses. */
#ifndef LS_NAT_STUN_MESSAGE_H
#define LS_NAT_STUN_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "wire/ip.h"

/* RFC 8489 5: two zero bits, 14 bits of type, 16 bits of length, the cookie, 96 bits of transaction
 * id. */
enum stun_layout {
	STUN_HEADER_LEN = 20,
	STUN_TRANSACTION_LEN = 12,
	STUN_REQUEST_LEN = STUN_HEADER_LEN + 8, /* our request: only a FINGERPRINT */
};

#define STUN_MAGIC_COOKIE    UINT32_C(0x2112a442) /* RFC 8489 5 */
#define STUN_FINGERPRINT_XOR UINT32_C(0x5354554e) /* RFC 8489 14.7 */

/* RFC 8489 5, figure 3: the two bits of the class lie between the bits of the method, which is
 * Binding here. */
enum stun_type {
	STUN_BINDING_REQUEST = 0x0001,
	STUN_BINDING_SUCCESS = 0x0101,
	STUN_BINDING_ERROR = 0x0111,
};

/* RFC 8489 18.3. A receiver must understand attributes below 0x8000. */
enum stun_attribute {
	STUN_MAPPED_ADDRESS = 0x0001,    /* 14.1: only for clients and servers of RFC 3489 */
	STUN_USERNAME = 0x0006,          /* 14.3 */
	STUN_MESSAGE_INTEGRITY = 0x0008, /* 14.5: attributes after it are ignored, except two */
	STUN_ERROR_CODE = 0x0009,        /* 14.8 */
	STUN_UNKNOWN_ATTRIBUTES = 0x000a,
	STUN_REALM = 0x0014,
	STUN_NONCE = 0x0015,
	STUN_MESSAGE_INTEGRITY_SHA256 = 0x001c, /* 14.6 */
	STUN_PASSWORD_ALGORITHM = 0x001d,
	STUN_USERHASH = 0x001e,
	STUN_XOR_MAPPED_ADDRESS = 0x0020, /* 14.2 */
	STUN_OPTIONAL = 0x8000, /* from here on a receiver may ignore what it does not understand */
	STUN_FINGERPRINT = 0x8028, /* 14.7: must be the last */
};

/* RFC 3489 11.2: old servers put the first two into every response. RFC 8489 reserves these
 * numbers. */
enum stun_old_attribute {
	STUN_OLD_SOURCE_ADDRESS = 0x0004,
	STUN_OLD_CHANGED_ADDRESS = 0x0005,
	STUN_OLD_REFLECTED_FROM = 0x000b,
};

/* RFC 8489 14.1 */
enum stun_family {
	STUN_FAMILY_V4 = 0x01,
	STUN_FAMILY_V6 = 0x02,
};

/* The caller chooses it at random (RFC 8489 5). */
struct stun_transaction {
	uint8_t b[STUN_TRANSACTION_LEN];
};

struct stun_response {
	struct stun_transaction transaction;
	bool success;
	/* Of a success: the address from which the server received the request: XOR-MAPPED-ADDRESS,
	 * else MAPPED-ADDRESS. Family LS_FAMILY_NONE when the response has neither. */
	struct ls_endpoint mapped;
	uint16_t error_code;        /* of an error: 300..699 */
	uint16_t unknown_attribute; /* the first attribute that we must understand but do not; 0:
	                               none */
};

/* Writes a Binding request. Its FINGERPRINT distinguishes STUN from other protocols on the same
 * port, also in responses, to which some servers add one in return. */
void stun_request_encode(const struct stun_transaction *transaction,
                         uint8_t ret[static STUN_REQUEST_LEN]);

/* Reads a whole datagram. LS_ERROR_SYNTAX when it is no well-formed Binding response or its
 * FINGERPRINT is wrong: the caller ignores it then (RFC 8489 6.3). */
int stun_response_decode(const void *data, size_t len, struct stun_response *ret) LS_MUST_CHECK;

#endif
