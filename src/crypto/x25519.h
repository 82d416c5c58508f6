/* SPDX-License-Identifier: Apache-2.0 */
/* Diffie-Hellman on Curve25519 (RFC 7748). */
#ifndef LS_CRYPTO_X25519_H
#define LS_CRYPTO_X25519_H

#include <stdint.h>

#include "base/error.h"

enum {
	X25519_LEN = 32
};

/* -EBADMSG when the result is all zero, as for public keys of small order (RFC 7748 6.1). `ret` is
 * written only on success. */
int x25519(const uint8_t private_key[static X25519_LEN],
           const uint8_t public_key[static X25519_LEN],
           uint8_t ret[static X25519_LEN]) LS_MUST_CHECK;

#endif
