/* SPDX-License-Identifier: Apache-2.0 */
/* A token bucket per source address: 20 handshake messages a second, 5 at once. Sources are counted
 * by IPv4 address or IPv6 /64. Only asked once a cookie has proven that the source receives what is
 * sent to it, so nobody can spend another's tokens. The table is bounded; when an address finds its
 * row full of busy others it is refused. */
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

/* `key` keys the hash of the table, so that nobody can choose addresses that share a row. */
struct ratelimit *wg_ratelimit_new(const uint8_t key[static 16]);
void wg_ratelimit_free(struct ratelimit *limit);
bool wg_ratelimit_allow(struct ratelimit *limit, const struct ls_ip *source, uint64_t now_ns);

#endif
