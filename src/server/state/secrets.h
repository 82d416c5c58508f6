/* SPDX-License-Identifier: Apache-2.0 */
/* Tokens, approval secrets and ids. A secret is 32 random bytes in URL-safe base64 without padding.
 * The server keeps only its BLAKE2b-256 hash. A fast hash is safe here: nobody can guess 256 random
 * bits. */
#ifndef LS_SERVER_STATE_SECRETS_H
#define LS_SERVER_STATE_SECRETS_H

#include <stdbool.h>

#include "server/store/records.h"

enum {
	SECRET_TEXT = 44, /* buffer sizes, with NUL */
	PUBLIC_ID_TEXT = 17,
	UUID_TEXT = 37,
};

void state_secret_generate(char ret[static SECRET_TEXT]);
void state_secret_hash(const char *secret, struct secret_hash *ret);
/* Compares the hashes in constant time. */
bool state_secret_matches(const char *secret, const struct secret_hash *hash);
void state_secret_wipe(void *secret, size_t len);

/* The id that lists show for an enrolment token: 16 hex digits of its hash. */
void state_secret_public_id(const struct secret_hash *hash, char ret[static PUBLIC_ID_TEXT]);

/* A random UUID (RFC 9562, version 4). */
void state_uuid_generate(char ret[static UUID_TEXT]);
/* Gives the 16 bytes of a UUID; false when the text is not a UUID. */
bool state_uuid_bytes(const char *uuid, uint8_t ret[static 16]);

#endif
