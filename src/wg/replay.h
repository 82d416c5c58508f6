/* SPDX-License-Identifier: Apache-2.0 */
/* The replay window of one session: which of the last 8,192 counters were seen (RFC 6479 without
 * its rounding loss). Counters below 64 need one word only, so the full bitmap of a kilobyte is
 * made when the first counter past them arrives: sessions that carry nothing but keepalives never
 * pay for it. */
#ifndef LS_WG_REPLAY_H
#define LS_WG_REPLAY_H

#include <stdbool.h>
#include <stdint.h>

enum {
	REPLAY_WINDOW = 8192
};

struct replay {
	uint64_t next;   /* one past the highest counter seen */
	uint64_t first;  /* bits of counters 0 to 63 while `words` is NULL */
	uint64_t *words; /* REPLAY_WINDOW bits, by counter modulo the window */
};

/* A zeroed struct is a fresh window. */
void wg_replay_done(struct replay *replay);
/* True when the counter is new and within the window; it is then marked. Only for counters of
 * packets whose tag was right. `counter` must be below UINT64_MAX. */
bool wg_replay_accept(struct replay *replay, uint64_t counter);

#endif
