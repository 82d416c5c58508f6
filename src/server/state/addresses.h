/* SPDX-License-Identifier: Apache-2.0 */
/* The addresses of an overlay prefix, and which of them are taken. The pool gives the lowest free
 * address from offset 10 on (offset 1 in a prefix of fewer than 32 addresses), never the first
 * (network) or last (broadcast) address of the prefix (docs/protocol.md, "Rules"). It is a bitmap
 * by offset. Of a large prefix, only the first 2^24 addresses are used. */
#ifndef LS_SERVER_STATE_ADDRESSES_H
#define LS_SERVER_STATE_ADDRESSES_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "wire/ip.h"

struct address_pool {
	struct ls_prefix prefix;
	uint32_t first; /* the pool gives offsets from first to last, both included */
	uint32_t last;
	uint32_t lowest; /* no offset from first to below this one is free */
	uint64_t *bits;
	size_t words;
};

/* The prefix is canonical and has at least 4 addresses. */
void state_address_pool_init(struct address_pool *pool, const struct ls_prefix *prefix);
void state_address_pool_done(struct address_pool *pool);

/* Gives the lowest free address. It stays free; taking it next cannot fail.
 * LS_ERROR_CONFLICT: all are taken; -ENOMEM. */
int state_address_pool_next(struct address_pool *pool, struct ls_ip *ret) LS_MUST_CHECK;
/* Marks an address as taken. LS_ERROR_CONFLICT: it is taken already; LS_ERROR_BAD_VALUE: it is not
 * an address for a node of this prefix; -ENOMEM. */
int state_address_pool_take(struct address_pool *pool, const struct ls_ip *ip) LS_MUST_CHECK;
/* Marks an address as free. Ignores one that is not taken. */
void state_address_pool_release(struct address_pool *pool, const struct ls_ip *ip);

#endif
