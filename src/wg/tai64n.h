/* SPDX-License-Identifier: Apache-2.0 */
/* TAI64N, the timestamps of initiations (WireGuard paper 5.1; D. J. Bernstein, "TAI64, TAI64N, and
 * TAI64NA"). */
#ifndef LS_WG_TAI64N_H
#define LS_WG_TAI64N_H

#include <stdbool.h>
#include <stdint.h>

#include "wg/messages.h"

struct tai64n {
	uint64_t s; /* 2^62 plus the seconds since 1970 TAI */
	uint32_t ns;
};

/* The timestamp of a Unix time, rounded down to WG_TIMESTAMP_GRAIN_NS. */
struct tai64n wg_tai64n_of_unix(uint64_t s, uint32_t ns);
/* The next timestamp after `t`, one WG_TIMESTAMP_GRAIN_NS later. */
struct tai64n wg_tai64n_next(struct tai64n t);
bool wg_tai64n_after(struct tai64n a, struct tai64n b);
void wg_tai64n_encode(struct tai64n t, uint8_t ret[static WG_TAI64N_LEN]);
struct tai64n wg_tai64n_decode(const uint8_t b[static WG_TAI64N_LEN]);

#endif
