/* SPDX-License-Identifier: Apache-2.0 */
/* What crypto_init (keys.h) calls of its neighbours: algorithms fetched once a process, so that no
 * later call can fail for the lack of one. Idempotent; -EIO when OpenSSL has no such algorithm. */
#ifndef LS_CRYPTO_INIT_H
#define LS_CRYPTO_INIT_H

#include "base/error.h"

int aead_init(void) LS_MUST_CHECK;
int blake2s_init(void) LS_MUST_CHECK;

#endif
