/* SPDX-License-Identifier: Apache-2.0 */
/* ChaCha20-Poly1305 (RFC 8439) for packets and handshakes, XChaCha20-Poly1305
 * (draft-irtf-cfrg-xchacha) for cookies.
 *
 * A `struct aead` holds the two cipher contexts of one thread. All keys of the thread share them,
 * so that a session needs 64 bytes and not two contexts of a kilobyte. Each call names the key; it
 * is set only when it differs from the last packet's key, so a batch sets it once. */
#ifndef LS_CRYPTO_AEAD_H
#define LS_CRYPTO_AEAD_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

enum {
	AEAD_KEY_LEN = 32,
	AEAD_TAG_LEN = 16,
	XAEAD_NONCE_LEN = 24,
};

struct aead;

/* Call crypto_init first. Like all functions of this header, it aborts when out of memory. */
struct aead *aead_new(void);
void aead_free(struct aead *aead);
/* Overwrites the copies of the last keys in the contexts. */
void aead_forget(struct aead *aead);

/* For packets: no associated data; the nonce is four zero bytes and the counter in little endian
 * (WireGuard paper 5.4.6). Both functions work in place and never allocate. aead_seal writes the
 * tag after the ciphertext; `len` is the length of the plaintext. */
void aead_seal(struct aead *aead, const uint8_t key[static AEAD_KEY_LEN], uint64_t counter,
               uint8_t *data, size_t len);
/* `len` is the length of the ciphertext, without the tag that follows it. -EBADMSG when the tag is
 * wrong; the data is then undefined. */
int aead_open(struct aead *aead, const uint8_t key[static AEAD_KEY_LEN], uint64_t counter,
              uint8_t *data, size_t len) LS_MUST_CHECK;

/* Associated data: bytes that are authenticated but not encrypted; may be empty. */
struct aead_ad {
	const void *data;
	size_t len;
};

/* For one part of a handshake message; the nonce is made as above. `ret` must hold len +
 * AEAD_TAG_LEN bytes. */
void aead_seal_once(const uint8_t key[static AEAD_KEY_LEN], uint64_t counter, struct aead_ad ad,
                    const void *plain, size_t len, uint8_t *ret);
/* `len` includes the tag. `ret` must hold len - AEAD_TAG_LEN bytes, and is written only on success.
 * -EBADMSG when the tag is wrong. */
int aead_open_once(const uint8_t key[static AEAD_KEY_LEN], uint64_t counter, struct aead_ad ad,
                   const uint8_t *sealed, size_t len, uint8_t *ret) LS_MUST_CHECK;

/* The same with XChaCha20 and a random nonce of 24 bytes. */
void xaead_seal(const uint8_t key[static AEAD_KEY_LEN], const uint8_t nonce[static XAEAD_NONCE_LEN],
                struct aead_ad ad, const void *plain, size_t len, uint8_t *ret);
int xaead_open(const uint8_t key[static AEAD_KEY_LEN], const uint8_t nonce[static XAEAD_NONCE_LEN],
               struct aead_ad ad, const uint8_t *sealed, size_t len, uint8_t *ret) LS_MUST_CHECK;

#endif
