/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/keys.h"

#include <errno.h>
#include <sodium.h>
#include <string.h>

#include "crypto/init.h"

int crypto_init(void)
{
	int r = sodium_init() < 0 ? -EIO : aead_init();

	return r < 0 ? r : blake2s_init();
}

int key_decode(const char *text, uint8_t ret[static LS_KEY_LEN])
{
	uint8_t key[LS_KEY_LEN];
	size_t len;
	int r = LS_ERROR_SYNTAX;

	if (strnlen(text, LS_KEY_TEXT) == LS_KEY_TEXT - 1 &&
	    sodium_base642bin(key, sizeof(key), text, LS_KEY_TEXT - 1, NULL, &len, NULL,
	                      sodium_base64_VARIANT_ORIGINAL) == 0 &&
	    len == sizeof(key)) {
		memcpy(ret, key, sizeof(key));
		r = 0;
	}
	sodium_memzero(key, sizeof(key));
	return r;
}

const char *key_encode(const uint8_t key[static LS_KEY_LEN], char buf[static LS_KEY_TEXT])
{
	return sodium_bin2base64(buf, LS_KEY_TEXT, key, LS_KEY_LEN, sodium_base64_VARIANT_ORIGINAL);
}

const char *key_short(const uint8_t key[static LS_KEY_LEN], char buf[static LS_KEY_SHORT_TEXT])
{
	char full[LS_KEY_TEXT];

	(void)key_encode(key, full);
	memcpy(buf, full, LS_KEY_SHORT_TEXT - 1);
	buf[LS_KEY_SHORT_TEXT - 1] = '\0';
	sodium_memzero(full, sizeof(full));
	return buf;
}

bool key_is_zero(const uint8_t key[static LS_KEY_LEN])
{
	return sodium_is_zero(key, LS_KEY_LEN) == 1;
}

bool key_equal(const uint8_t a[static LS_KEY_LEN], const uint8_t b[static LS_KEY_LEN])
{
	return sodium_memcmp(a, b, LS_KEY_LEN) == 0;
}

void key_wipe(void *key, size_t len)
{
	sodium_memzero(key, len);
}

void key_free_string(char *secret)
{
	if (secret)
		key_wipe(secret, strlen(secret));
	free(secret);
}

void key_wg_generate(struct wg_private_key *ret)
{
	randombytes_buf(ret->b, sizeof(ret->b));
	key_wg_clamp(ret);
}

void key_wg_clamp(struct wg_private_key *key)
{
	/* RFC 7748 section 5 */
	key->b[0] = (uint8_t)(key->b[0] & 248);
	key->b[31] = (uint8_t)((key->b[31] & 127) | 64);
}

void key_wg_public(const struct wg_private_key *key, struct wg_public_key *ret)
{
	(void)crypto_scalarmult_base(ret->b, key->b);
}

void key_machine_generate(struct machine_private_key *ret)
{
	randombytes_buf(ret->b, sizeof(ret->b));
}

void key_machine_public(const struct machine_private_key *key, struct machine_public_key *ret)
{
	uint8_t expanded[crypto_sign_SECRETKEYBYTES];

	(void)crypto_sign_seed_keypair(ret->b, expanded, key->b);
	sodium_memzero(expanded, sizeof(expanded));
}
