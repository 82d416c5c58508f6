/* SPDX-License-Identifier: Apache-2.0 */
/* Which hosts of an overlay prefix are taken. The lowest free one is handed out, from offset 10 on
 * (1 in a prefix of fewer than 32 addresses), never the first (network) and the last (broadcast)
 * of the prefix (docs/protocol.md, "Rules"). A bitmap by offset; of large prefixes only the
 * first 2^24 addresses are used. */
#ifndef LS_SERVER_STATE_ADDRESSES_H
#define LS_SERVER_STATE_ADDRESSES_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "wire/ip.h"

struct address_pool {
	struct ls_prefix prefix;
	uint32_t first; /* offsets that are handed out, both included */
	uint32_t last;
	uint32_t lowest; /* no offset below it is free */
	uint64_t *bits;
	size_t words;
};

/* The prefix is canonical and has at least 4 addresses. */
void state_address_pool_init(struct address_pool *pool, const struct ls_prefix *prefix);
void state_address_pool_done(struct address_pool *pool);

/* The lowest address that is free; it stays free, but taking it next cannot fail.
 * LS_ERROR_CONFLICT: all are taken; -ENOMEM. */
int state_address_pool_next(struct address_pool *pool, struct ls_ip *ret) LS_MUST_CHECK;
/* LS_ERROR_CONFLICT: taken already; LS_ERROR_BAD_VALUE: never handed out by this pool; -ENOMEM. */
int state_address_pool_take(struct address_pool *pool, const struct ls_ip *ip) LS_MUST_CHECK;
/* An address that is not taken is ignored. */
void state_address_pool_release(struct address_pool *pool, const struct ls_ip *ip);

#endif
