/* SPDX-License-Identifier: Apache-2.0 */
#include "server/state/secrets.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

_Static_assert(SECRET_TEXT ==
                       sodium_base64_ENCODED_LEN(32, sodium_base64_VARIANT_URLSAFE_NO_PADDING),
               "buffer of a secret's text");

void state_secret_generate(char ret[static SECRET_TEXT])
{
	unsigned char bytes[32];

	/* People give tokens as arguments, and a token with a leading dash would be an option. */
	do {
		randombytes_buf(bytes, sizeof(bytes));
		(void)sodium_bin2base64(ret, SECRET_TEXT, bytes, sizeof(bytes),
		                        sodium_base64_VARIANT_URLSAFE_NO_PADDING);
	} while (ret[0] == '-');
	sodium_memzero(bytes, sizeof(bytes));
}

void state_secret_hash(const char *secret, struct secret_hash *ret)
{
	(void)crypto_generichash(ret->b, sizeof(ret->b), (const unsigned char *)secret,
	                         strlen(secret), NULL, 0);
}

bool state_secret_matches(const char *secret, const struct secret_hash *hash)
{
	struct secret_hash given;

	state_secret_hash(secret, &given);
	return sodium_memcmp(given.b, hash->b, sizeof(given.b)) == 0;
}

void state_secret_wipe(void *secret, size_t len)
{
	sodium_memzero(secret, len);
}

void state_secret_public_id(const struct secret_hash *hash, char ret[static PUBLIC_ID_TEXT])
{
	(void)sodium_bin2hex(ret, PUBLIC_ID_TEXT, hash->b, (PUBLIC_ID_TEXT - 1) / 2);
}

void state_uuid_generate(char ret[static UUID_TEXT])
{
	uint8_t b[16];
	char hex[33];

	randombytes_buf(b, sizeof(b));
	b[6] = (uint8_t)((b[6] & 0x0f) | 0x40);
	b[8] = (uint8_t)((b[8] & 0x3f) | 0x80);
	(void)sodium_bin2hex(hex, sizeof(hex), b, sizeof(b));
	(void)snprintf(ret, UUID_TEXT, "%.8s-%.4s-%.4s-%.4s-%.12s", hex, hex + 8, hex + 12,
	               hex + 16, hex + 20);
}

bool state_uuid_bytes(const char *uuid, uint8_t ret[static 16])
{
	uint8_t b[16];
	size_t len = 0;

	if (strlen(uuid) != UUID_TEXT - 1 || uuid[8] != '-' || uuid[13] != '-' || uuid[18] != '-' ||
	    uuid[23] != '-')
		return false;
	if (sodium_hex2bin(b, sizeof(b), uuid, UUID_TEXT - 1, "-", &len, NULL) != 0 ||
	    len != sizeof(b))
		return false;
	memcpy(ret, b, sizeof(b));
	return true;
}
