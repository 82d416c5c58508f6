/* SPDX-License-Identifier: Apache-2.0 */
/* STUN messages (RFC 8489) as a client needs them: the Binding request out, its response in. */
#ifndef LS_NAT_STUN_MESSAGE_H
#define LS_NAT_STUN_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "wire/ip.h"

/* RFC 8489 5: two zero bits, 14 bits of type, 16 of length, the cookie, 96 of transaction id. */
enum stun_layout {
	STUN_HEADER_LEN = 20,
	STUN_TRANSACTION_LEN = 12,
	STUN_REQUEST_LEN = STUN_HEADER_LEN + 8, /* ours: a FINGERPRINT and nothing else */
};

#define STUN_MAGIC_COOKIE    UINT32_C(0x2112a442) /* RFC 8489 5 */
#define STUN_FINGERPRINT_XOR UINT32_C(0x5354554e) /* RFC 8489 14.7 */

/* RFC 8489 5, figure 3: the class's two bits lie between those of the method, here Binding. */
enum stun_type {
	STUN_BINDING_REQUEST = 0x0001,
	STUN_BINDING_SUCCESS = 0x0101,
	STUN_BINDING_ERROR = 0x0111,
};

/* RFC 8489 18.3. Those below 0x8000 must be understood by who receives them. */
enum stun_attribute {
	STUN_MAPPED_ADDRESS = 0x0001,    /* 14.1: only for clients and servers of RFC 3489 */
	STUN_USERNAME = 0x0006,          /* 14.3 */
	STUN_MESSAGE_INTEGRITY = 0x0008, /* 14.5: what follows it is ignored, but two */
	STUN_ERROR_CODE = 0x0009,        /* 14.8 */
	STUN_UNKNOWN_ATTRIBUTES = 0x000a,
	STUN_REALM = 0x0014,
	STUN_NONCE = 0x0015,
	STUN_MESSAGE_INTEGRITY_SHA256 = 0x001c, /* 14.6 */
	STUN_PASSWORD_ALGORITHM = 0x001d,
	STUN_USERHASH = 0x001e,
	STUN_XOR_MAPPED_ADDRESS = 0x0020, /* 14.2 */
	STUN_OPTIONAL = 0x8000,           /* the first that need not be understood */
	STUN_FINGERPRINT = 0x8028,        /* 14.7: must be the last */
};

/* RFC 3489 11.2: servers of that time put the first two into every response. Reserved since. */
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

/* "It MUST be uniformly and randomly chosen", by the caller. */
struct stun_transaction {
	uint8_t b[STUN_TRANSACTION_LEN];
};

struct stun_response {
	struct stun_transaction transaction;
	bool success;
	/* Of a success: where the server saw the request come from, XOR-MAPPED-ADDRESS before
	 * MAPPED-ADDRESS. Family LS_FAMILY_NONE when it says neither. */
	struct ls_endpoint mapped;
	uint16_t error_code;        /* of an error: 300..699 */
	uint16_t unknown_attribute; /* the first one to be understood that we do not, else 0 */
};

/* The FINGERPRINT tells it, and the responses of servers that answer in kind, from other protocols
 * on the same port. */
void stun_request_encode(const struct stun_transaction *transaction,
                         uint8_t ret[static STUN_REQUEST_LEN]);

/* A whole datagram. LS_ERROR_SYNTAX for what is no well-formed Binding response or has a wrong
 * FINGERPRINT: to be treated as never received (RFC 8489 6.3). */
int stun_response_decode(const void *data, size_t len, struct stun_response *ret) LS_MUST_CHECK;

#endif
