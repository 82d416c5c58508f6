/* SPDX-License-Identifier: Apache-2.0 */
/* crypto_init (keys.h) calls these. They fetch OpenSSL's algorithms once per process, so that no
 * later call can fail because one is missing. Idempotent; -EIO when OpenSSL does not have the
 * algorithm. */
#ifndef LS_CRYPTO_INIT_H
#define LS_CRYPTO_INIT_H

#include "base/error.h"

int aead_init(void) LS_MUST_CHECK;
int blake2s_init(void) LS_MUST_CHECK;

#endif
