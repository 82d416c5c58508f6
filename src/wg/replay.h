/* SPDX-License-Identifier: Apache-2.0 */
/* The replay window of a session: it remembers which of the last 8,192 counters were seen (as RFC
 * 6479, but with the full width of the bitmap). Counters below 64 need only one word; the bitmap of
 * one kilobyte is allocated at the first higher counter. So sessions that carry only keepalives
 * never need it. */
#ifndef LS_WG_REPLAY_H
#define LS_WG_REPLAY_H

#include <stdbool.h>
#include <stdint.h>

enum {
	REPLAY_WINDOW = 8192
};

struct replay {
	uint64_t next;   /* the highest counter seen, plus one */
	uint64_t first;  /* the bits of counters 0 to 63, while `words` is NULL */
	uint64_t *words; /* REPLAY_WINDOW bits, indexed by counter modulo the window */
};

/* A zeroed struct is a fresh window. */
void wg_replay_done(struct replay *replay);
/* True when the counter is new and not too old; it is then marked as seen. Call this only for
 * packets whose tag was right. `counter` must be below UINT64_MAX. */
bool wg_replay_accept(struct replay *replay, uint64_t counter);

#endif
