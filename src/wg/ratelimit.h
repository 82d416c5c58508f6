/* SPDX-License-Identifier: Apache-2.0 */
/* A token bucket per source address: 20 handshake messages per second, in bursts of at most 5. A
 * source is an IPv4 address or an IPv6 /64. The caller asks only after a cookie has proven that the
 * source receives what is sent to it, so nobody can use up another's tokens. The table has a fixed
 * size: when all entries of a row belong to other active sources, the message is refused. */
#ifndef LS_WG_RATELIMIT_H
#define LS_WG_RATELIMIT_H

#include <stdbool.h>
#include <stdint.h>

#include "wire/ip.h"

enum {
	RATELIMIT_PER_SECOND = 20,
	RATELIMIT_BURST = 5,
};

struct ratelimit;

/* `key` is the secret key of the table's hash, so that nobody can choose addresses that share a
 * row. */
struct ratelimit *wg_ratelimit_new(const uint8_t key[static 16]);
void wg_ratelimit_free(struct ratelimit *limit);
bool wg_ratelimit_allow(struct ratelimit *limit, const struct ls_ip *source, uint64_t now_ns);

#endif
