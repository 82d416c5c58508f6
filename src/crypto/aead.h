/* SPDX-License-Identifier: Apache-2.0 */
/* ChaCha20-Poly1305 (RFC 8439) for packets and handshakes, XChaCha20-Poly1305
 * (draft-irtf-cfrg-xchacha) for cookies.
 *
 * A `struct aead` is one thread's pair of cipher contexts, shared by all keys of that thread: a
 * session needs 64 bytes instead of two contexts of a kilobyte. The key is given with each packet
 * and set only when it is another than the last packet's, so a batch sets it once. */
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

/* Needs crypto_init. Aborts when memory is gone, as all of this header does. */
struct aead *aead_new(void);
void aead_free(struct aead *aead);
/* Overwrites the copy of the last key that the contexts hold. */
void aead_forget(struct aead *aead);

/* Packets: no associated data, the nonce is four zero bytes and the counter in little endian
 * (WireGuard paper 5.4.6). Both work in place and never allocate. Seal writes the tag behind the
 * plaintext; `len` counts the plaintext alone. */
void aead_seal(struct aead *aead, const uint8_t key[static AEAD_KEY_LEN], uint64_t counter,
               uint8_t *data, size_t len);
/* `len` counts the ciphertext without the tag behind it. -EBADMSG when the tag is wrong; the data
 * is then undefined. */
int aead_open(struct aead *aead, const uint8_t key[static AEAD_KEY_LEN], uint64_t counter,
              uint8_t *data, size_t len) LS_MUST_CHECK;

/* Bytes that are authenticated along; may be empty. */
struct aead_ad {
	const void *data;
	size_t len;
};

/* One message of a handshake, with the nonce made as above. `ret` takes len + AEAD_TAG_LEN bytes.
 */
void aead_seal_once(const uint8_t key[static AEAD_KEY_LEN], uint64_t counter, struct aead_ad ad,
                    const void *plain, size_t len, uint8_t *ret);
/* `len` counts the tag; `ret` takes len - AEAD_TAG_LEN bytes, written only on success. -EBADMSG.
 */
int aead_open_once(const uint8_t key[static AEAD_KEY_LEN], uint64_t counter, struct aead_ad ad,
                   const uint8_t *sealed, size_t len, uint8_t *ret) LS_MUST_CHECK;

/* The same with a random nonce of 24 bytes. */
void xaead_seal(const uint8_t key[static AEAD_KEY_LEN], const uint8_t nonce[static XAEAD_NONCE_LEN],
                struct aead_ad ad, const void *plain, size_t len, uint8_t *ret);
int xaead_open(const uint8_t key[static AEAD_KEY_LEN], const uint8_t nonce[static XAEAD_NONCE_LEN],
               struct aead_ad ad, const uint8_t *sealed, size_t len, uint8_t *ret) LS_MUST_CHECK;

#endif
