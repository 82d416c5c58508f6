/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/x25519.h"

#include <errno.h>
#include <sodium.h>
#include <string.h>

int x25519(const uint8_t private_key[static X25519_LEN],
           const uint8_t public_key[static X25519_LEN], uint8_t ret[static X25519_LEN])
{
	uint8_t shared[X25519_LEN];
	int r = -EBADMSG;

	if (crypto_scalarmult(shared, private_key, public_key) == 0 &&
	    sodium_is_zero(shared, sizeof(shared)) == 0) {
		memcpy(ret, shared, sizeof(shared));
		r = 0;
	}
	sodium_memzero(shared, sizeof(shared));
	return r;
}
