/* SPDX-License-Identifier: Apache-2.0 */
/* Keys as distinct types, so that one cannot be passed for another. Their text form is standard
 * base64 of 32 bytes with padding (44 characters), as in the v1 protocol and in wg(8). */
#ifndef LS_CRYPTO_KEYS_H
#define LS_CRYPTO_KEYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/error.h"

enum {
	LS_KEY_LEN = 32,
	LS_KEY_TEXT = 45,      /* buffer size, with NUL */
	LS_KEY_SHORT_TEXT = 9, /* logs show the first 8 characters */
};

struct wg_public_key {
	uint8_t b[LS_KEY_LEN]; /* X25519 (RFC 7748) */
};
struct wg_private_key {
	uint8_t b[LS_KEY_LEN];
};
struct wg_preshared_key {
	uint8_t b[LS_KEY_LEN];
};
struct machine_public_key {
	uint8_t b[LS_KEY_LEN]; /* Ed25519 (RFC 8032) */
};
struct machine_private_key {
	uint8_t b[LS_KEY_LEN]; /* the 32-byte seed of RFC 8032 */
};

/* Call this once per process, before anything else of crypto/. */
int crypto_init(void) LS_MUST_CHECK;

/* Decodes exactly 44 characters of canonical base64, in constant time; else LS_ERROR_SYNTAX. `ret`
 * is written only on success. It may be the bytes of any of the structs above. */
int key_decode(const char *text, uint8_t ret[static LS_KEY_LEN]) LS_MUST_CHECK;
const char *key_encode(const uint8_t key[static LS_KEY_LEN], char buf[static LS_KEY_TEXT]);
const char *key_short(const uint8_t key[static LS_KEY_LEN], char buf[static LS_KEY_SHORT_TEXT]);
bool key_is_zero(const uint8_t key[static LS_KEY_LEN]); /* constant time */
bool key_equal(const uint8_t a[static LS_KEY_LEN],
               const uint8_t b[static LS_KEY_LEN]); /* constant time */
void key_wipe(void *key, size_t len);               /* the compiler does not remove it */
/* Wipes and frees a malloced secret text; NULL is fine. */
void key_free_string(char *secret);
static inline void key_cleanup_string(char *const *secret)
{
	key_free_string(*secret);
}
/* Attribute of a char *: calls key_free_string when it goes out of scope. */
#define KEY_FREE_STRING LS_CLEANUP(key_cleanup_string)

void key_wg_generate(struct wg_private_key *ret);
void key_wg_clamp(struct wg_private_key *key);
void key_wg_public(const struct wg_private_key *key, struct wg_public_key *ret);
void key_machine_generate(struct machine_private_key *ret);
void key_machine_public(const struct machine_private_key *key, struct machine_public_key *ret);

#endif
