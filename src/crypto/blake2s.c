/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/blake2s.h"

#include <errno.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "crypto/init.h"

enum {
	BLOCK_LEN = 64
};

static EVP_MD *hash;
static EVP_MAC *keyed;

struct blake2s_mac {
	EVP_MAC_CTX *ctx;
};

int blake2s_init(void)
{
	if (!hash)
		hash = EVP_MD_fetch(NULL, "BLAKE2S-256", NULL);
	if (!keyed)
		keyed = EVP_MAC_fetch(NULL, "BLAKE2SMAC", NULL);
	return hash && keyed ? 0 : -EIO;
}

static void must(int ok)
{
	if (ok != 1)
		abort();
}

static void hash_parts(EVP_MD_CTX *ctx, const void *a, size_t a_len, const void *b, size_t b_len,
                       uint8_t ret[static BLAKE2S_LEN])
{
	must(EVP_DigestInit_ex2(ctx, hash, NULL));
	if (a_len > 0)
		must(EVP_DigestUpdate(ctx, a, a_len));
	if (b_len > 0)
		must(EVP_DigestUpdate(ctx, b, b_len));
	must(EVP_DigestFinal_ex(ctx, ret, NULL));
}

static EVP_MD_CTX *new_hash(void)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();

	if (!ctx)
		abort();
	return ctx;
}

void blake2s(const void *a, size_t a_len, const void *b, size_t b_len,
             uint8_t ret[static BLAKE2S_LEN])
{
	EVP_MD_CTX *ctx = new_hash();

	hash_parts(ctx, a, a_len, b, b_len, ret);
	EVP_MD_CTX_free(ctx);
}

struct blake2s_mac *blake2s_mac_new(const void *key, size_t key_len)
{
	struct blake2s_mac *mac = ls_new(struct blake2s_mac);
	size_t size = BLAKE2S_MAC_LEN;
	const OSSL_PARAM params[] = {OSSL_PARAM_construct_size_t(OSSL_MAC_PARAM_SIZE, &size),
	                             OSSL_PARAM_construct_end()};

	mac->ctx = EVP_MAC_CTX_new(keyed);
	if (!mac->ctx)
		abort();
	must(EVP_MAC_init(mac->ctx, key, key_len, params));
	return mac;
}

void blake2s_mac_free(struct blake2s_mac *mac)
{
	if (!mac)
		return;
	EVP_MAC_CTX_free(mac->ctx);
	free(mac);
}

void blake2s_mac_compute(struct blake2s_mac *mac, const void *data, size_t len,
                         uint8_t ret[static BLAKE2S_MAC_LEN])
{
	size_t n;

	must(EVP_MAC_init(mac->ctx, NULL, 0, NULL)); /* the key stays */
	must(EVP_MAC_update(mac->ctx, data, len));
	must(EVP_MAC_final(mac->ctx, ret, &n, BLAKE2S_MAC_LEN));
}

void blake2s_mac_once(const void *key, size_t key_len, const void *data, size_t len,
                      uint8_t ret[static BLAKE2S_MAC_LEN])
{
	struct blake2s_mac *mac = blake2s_mac_new(key, key_len);

	blake2s_mac_compute(mac, data, len, ret);
	blake2s_mac_free(mac);
}

static void hmac(EVP_MD_CTX *ctx, const uint8_t key[static BLAKE2S_LEN], const void *data,
                 size_t len, uint8_t ret[static BLAKE2S_LEN])
{
	uint8_t pad[BLOCK_LEN], inner[BLAKE2S_LEN];

	memset(pad, 0x36, sizeof(pad));
	for (size_t i = 0; i < BLAKE2S_LEN; i++)
		pad[i] ^= key[i];
	hash_parts(ctx, pad, sizeof(pad), data, len, inner);
	for (size_t i = 0; i < sizeof(pad); i++)
		pad[i] ^= 0x36 ^ 0x5c;
	hash_parts(ctx, pad, sizeof(pad), inner, sizeof(inner), ret);
	sodium_memzero(pad, sizeof(pad));
	sodium_memzero(inner, sizeof(inner));
}

void blake2s_kdf(const uint8_t chaining_key[static BLAKE2S_LEN], const void *input, size_t len,
                 uint8_t (*const ret[])[BLAKE2S_LEN], size_t n)
{
	EVP_MD_CTX *ctx = new_hash();
	uint8_t secret[BLAKE2S_LEN];
	uint8_t block[BLAKE2S_LEN + 1]; /* T(i), then the octet i + 1 */

	hmac(ctx, chaining_key, input, len, secret);
	for (size_t i = 0; i < n; i++) {
		block[BLAKE2S_LEN] = (uint8_t)(i + 1);
		if (i == 0)
			hmac(ctx, secret, block + BLAKE2S_LEN, 1, block);
		else
			hmac(ctx, secret, block, sizeof(block), block);
		memcpy(*ret[i], block, BLAKE2S_LEN);
	}
	sodium_memzero(secret, sizeof(secret));
	sodium_memzero(block, sizeof(block));
	EVP_MD_CTX_free(ctx);
}
