/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/aead.h"

#include <errno.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "crypto/init.h"
#include "wire/cursor.h"

enum {
	NONCE_LEN = 12
};

static const uint8_t zero_nonce[NONCE_LEN];

/* Fetched once, because a fetch takes locks of the OpenSSL provider. */
static EVP_CIPHER *cipher;

struct aead {
	EVP_CIPHER_CTX *seal;
	EVP_CIPHER_CTX *open;
	uint8_t seal_key[AEAD_KEY_LEN]; /* the keys that the contexts hold */
	uint8_t open_key[AEAD_KEY_LEN];
	OSSL_PARAM tag[2]; /* points at the tag of the current packet */
};

int aead_init(void)
{
	if (!cipher)
		cipher = EVP_CIPHER_fetch(NULL, "ChaCha20-Poly1305", NULL);
	return cipher ? 0 : -EIO;
}

/* Aborts when a call fails that cannot fail with valid contexts and lengths. */
static void must(int ok)
{
	if (ok != 1)
		abort();
}

struct aead *aead_new(void)
{
	struct aead *aead = ls_new(struct aead);

	aead->seal = EVP_CIPHER_CTX_new();
	aead->open = EVP_CIPHER_CTX_new();
	if (!aead->seal || !aead->open)
		abort();
	must(EVP_EncryptInit_ex2(aead->seal, cipher, NULL, NULL, NULL));
	must(EVP_DecryptInit_ex2(aead->open, cipher, NULL, NULL, NULL));
	aead->tag[0] =
	        OSSL_PARAM_construct_octet_string(OSSL_CIPHER_PARAM_AEAD_TAG, NULL, AEAD_TAG_LEN);
	aead->tag[1] = OSSL_PARAM_construct_end();
	aead_forget(aead);
	return aead;
}

void aead_free(struct aead *aead)
{
	if (!aead)
		return;
	EVP_CIPHER_CTX_free(aead->seal); /* wipes */
	EVP_CIPHER_CTX_free(aead->open);
	sodium_memzero(aead, sizeof(*aead));
	free(aead);
}

void aead_forget(struct aead *aead)
{
	sodium_memzero(aead->seal_key, sizeof(aead->seal_key));
	sodium_memzero(aead->open_key, sizeof(aead->open_key));
	must(EVP_EncryptInit_ex2(aead->seal, NULL, aead->seal_key, zero_nonce, NULL));
	must(EVP_DecryptInit_ex2(aead->open, NULL, aead->open_key, zero_nonce, NULL));
}

/* Returns `key`, and copies it to `held`, when the two differ. Returns NULL when they are equal;
 * OpenSSL then keeps its key. Takes the same time for any two keys. */
static const uint8_t *changed_key(uint8_t held[static AEAD_KEY_LEN],
                                  const uint8_t key[static AEAD_KEY_LEN])
{
	uint64_t a[AEAD_KEY_LEN / 8], b[AEAD_KEY_LEN / 8];

	memcpy(a, held, sizeof(a));
	memcpy(b, key, sizeof(b));
	if (((a[0] ^ b[0]) | (a[1] ^ b[1]) | (a[2] ^ b[2]) | (a[3] ^ b[3])) == 0)
		return NULL;
	memcpy(held, key, AEAD_KEY_LEN);
	return key;
}

static void make_nonce(uint8_t nonce[static NONCE_LEN], uint64_t counter)
{
	struct ls_le64 le = ls_le64_of(counter);

	memset(nonce, 0, 4);
	memcpy(nonce + 4, le.b, sizeof(le.b));
}

void aead_seal(struct aead *aead, const uint8_t key[static AEAD_KEY_LEN], uint64_t counter,
               uint8_t *data, size_t len)
{
	uint8_t nonce[NONCE_LEN];
	int n;

	make_nonce(nonce, counter);
	must(EVP_EncryptInit_ex2(aead->seal, NULL, changed_key(aead->seal_key, key), nonce, NULL));
	must(EVP_EncryptUpdate(aead->seal, data, &n, data, (int)len));
	must(EVP_EncryptFinal_ex(aead->seal, data + len, &n));
	aead->tag[0].data = data + len;
	must(EVP_CIPHER_CTX_get_params(aead->seal, aead->tag));
}

int aead_open(struct aead *aead, const uint8_t key[static AEAD_KEY_LEN], uint64_t counter,
              uint8_t *data, size_t len)
{
	uint8_t nonce[NONCE_LEN];
	int n;

	make_nonce(nonce, counter);
	aead->tag[0].data = data + len;
	must(EVP_DecryptInit_ex2(aead->open, NULL, changed_key(aead->open_key, key), nonce,
	                         aead->tag));
	must(EVP_DecryptUpdate(aead->open, data, &n, data, (int)len));
	return EVP_DecryptFinal_ex(aead->open, data + len, &n) == 1 ? 0 : -EBADMSG;
}

void aead_seal_once(const uint8_t key[static AEAD_KEY_LEN], uint64_t counter, struct aead_ad ad,
                    const void *plain, size_t len, uint8_t *ret)
{
	uint8_t nonce[NONCE_LEN];

	make_nonce(nonce, counter);
	(void)crypto_aead_chacha20poly1305_ietf_encrypt(ret, NULL, plain, len, ad.data, ad.len,
	                                                NULL, nonce, key);
}

int aead_open_once(const uint8_t key[static AEAD_KEY_LEN], uint64_t counter, struct aead_ad ad,
                   const uint8_t *sealed, size_t len, uint8_t *ret)
{
	uint8_t nonce[NONCE_LEN];

	make_nonce(nonce, counter);
	if (len < AEAD_TAG_LEN ||
	    crypto_aead_chacha20poly1305_ietf_decrypt(ret, NULL, NULL, sealed, len, ad.data, ad.len,
	                                              nonce, key) != 0)
		return -EBADMSG;
	return 0;
}

void xaead_seal(const uint8_t key[static AEAD_KEY_LEN], const uint8_t nonce[static XAEAD_NONCE_LEN],
                struct aead_ad ad, const void *plain, size_t len, uint8_t *ret)
{
	(void)crypto_aead_xchacha20poly1305_ietf_encrypt(ret, NULL, plain, len, ad.data, ad.len,
	                                                 NULL, nonce, key);
}

int xaead_open(const uint8_t key[static AEAD_KEY_LEN], const uint8_t nonce[static XAEAD_NONCE_LEN],
               struct aead_ad ad, const uint8_t *sealed, size_t len, uint8_t *ret)
{
	if (len < AEAD_TAG_LEN ||
	    crypto_aead_xchacha20poly1305_ietf_decrypt(ret, NULL, NULL, sealed, len, ad.data,
	                                               ad.len, nonce, key) != 0)
		return -EBADMSG;
	return 0;
}
