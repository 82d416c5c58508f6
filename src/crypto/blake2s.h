/* SPDX-License-Identifier: Apache-2.0 */
/* BLAKE2s (RFC 7693): plain, keyed, HMAC (RFC 2104), and the HKDF (RFC 5869) that Noise builds on
 * it. Call crypto_init first. Nothing here fails; it aborts when out of memory. */
#ifndef LS_CRYPTO_BLAKE2S_H
#define LS_CRYPTO_BLAKE2S_H

#include <stddef.h>
#include <stdint.h>

enum {
	BLAKE2S_LEN = 32,
	BLAKE2S_MAC_LEN = 16, /* the short keyed form of mac1, mac2 and cookies */
};

/* The hash of the bytes of a followed by those of b. b may be NULL with length 0. */
void blake2s(const void *a, size_t a_len, const void *b, size_t b_len,
             uint8_t ret[static BLAKE2S_LEN]);

/* A key prepared for many short MACs; for one thread. */
struct blake2s_mac;
/* 1 <= key_len <= 32. */
struct blake2s_mac *blake2s_mac_new(const void *key, size_t key_len);
void blake2s_mac_free(struct blake2s_mac *mac); /* wipes */
void blake2s_mac_compute(struct blake2s_mac *mac, const void *data, size_t len,
                         uint8_t ret[static BLAKE2S_MAC_LEN]);

/* The same for a key that is used once. */
void blake2s_mac_once(const void *key, size_t key_len, const void *data, size_t len,
                      uint8_t ret[static BLAKE2S_MAC_LEN]);

/* HKDF: extract with salt `chaining_key`, then expand with empty info to n <= 3 outputs (KDF1 to
 * KDF3 of the WireGuard paper, 5.4). An output may be the chaining key itself. */
void blake2s_kdf(const uint8_t chaining_key[static BLAKE2S_LEN], const void *input, size_t len,
                 uint8_t (*const ret[])[BLAKE2S_LEN], size_t n);

#endif
