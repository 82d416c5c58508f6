/* SPDX-License-Identifier: Apache-2.0 */
#include "wg/tai64n.h"

#include <assert.h>
#include <string.h>

/* TAI was ten seconds ahead of UTC in 1970. Like other implementations, this one ignores leap
 * seconds since then. */
#define TAI64_EPOCH ((UINT64_C(1) << 62) + 10)

struct tai64n wg_tai64n_of_unix(uint64_t s, uint32_t ns)
{
	assert(ns < LS_NS_PER_S);
	return (struct tai64n){.s = TAI64_EPOCH + s,
	                       .ns = (uint32_t)(ns & ~(WG_TIMESTAMP_GRAIN_NS - 1))};
}

struct tai64n wg_tai64n_next(struct tai64n t)
{
	uint64_t ns = t.ns + WG_TIMESTAMP_GRAIN_NS;

	if (ns >= LS_NS_PER_S)
		return (struct tai64n){.s = t.s + 1};
	return (struct tai64n){.s = t.s, .ns = (uint32_t)ns};
}

bool wg_tai64n_after(struct tai64n a, struct tai64n b)
{
	return a.s != b.s ? a.s > b.s : a.ns > b.ns;
}

void wg_tai64n_encode(struct tai64n t, uint8_t ret[static WG_TAI64N_LEN])
{
	struct ls_be64 s = ls_be64_of(t.s);
	struct ls_be32 ns = ls_be32_of(t.ns);

	memcpy(ret, s.b, sizeof(s.b));
	memcpy(ret + sizeof(s.b), ns.b, sizeof(ns.b));
}

struct tai64n wg_tai64n_decode(const uint8_t b[static WG_TAI64N_LEN])
{
	struct ls_be64 s;
	struct ls_be32 ns;

	memcpy(s.b, b, sizeof(s.b));
	memcpy(ns.b, b + sizeof(s.b), sizeof(ns.b));
	return (struct tai64n){.s = ls_be64_get(s), .ns = ls_be32_get(ns)};
}
