/* SPDX-License-Identifier: Apache-2.0 */
/* Which of a peer's announced endpoints its WireGuard packets go to. Without I/O: samples of the
 * engine's counters and `now` in, at most one endpoint to set out.
 *
 * The engine roams by itself on authenticated data; as long as it hears the peer, nothing is set.
 * Only when it wants an answer and hears nothing for the stale time, the next candidate gets its
 * turn, round and round. An endpoint that the engine roamed to and that nobody announced is kept
 * as the last candidate.
 */
#ifndef LS_PATH_PATH_H
#define LS_PATH_PATH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wire/ip.h"

enum {
	PATH_CANDIDATES_MAX = 32,
	/* Sent without hearing anything: one handshake initiation (148 bytes), or data. Keepalives
	 * (32 bytes each, unanswered by design) stay below it until four were in vain. */
	PATH_WANT_BYTES = 128,
};

/* What the engine says about a peer. */
struct path_sample {
	struct ls_endpoint endpoint; /* family LS_FAMILY_NONE: none set */
	uint64_t rx_bytes;           /* authenticated only */
	uint64_t tx_bytes;
};

/* One peer. A value; copy and drop it freely. */
struct path {
	uint64_t stale_ns;
	struct ls_endpoint candidates[PATH_CANDIDATES_MAX]; /* distinct, best first */
	size_t count;
	struct ls_endpoint current; /* what was set last, or where the engine roamed to */
	struct ls_endpoint roamed;  /* the last that carried data and is no candidate */
	bool heard;                 /* `current` has carried data */
	bool chosen;                /* `current` is to be set, or has been */
	uint64_t rx_bytes;
	uint64_t tx_heard;  /* tx_bytes when the peer was last heard, or current last set */
	uint64_t silent_ns; /* since when an answer is wanted in vain; 0: none is wanted */
	unsigned in_vain;   /* endpoints that stayed silent for stale_ns since the last was heard */
};

enum path_reason {
	PATH_KEEP,  /* nothing to set */
	PATH_FIRST, /* the first candidate of all */
	PATH_NEW,   /* a candidate that was just announced, or the best because the current one was
	               withdrawn, while nothing was heard */
	PATH_STALE, /* nothing heard for the stale time */
};

void path_init(struct path *path, uint64_t stale_ns);

/* The peer's announced endpoints, best first; those past PATH_CANDIDATES_MAX are dropped. Anything
 * but PATH_KEEP: set path->current on the engine. */
enum path_reason path_set_candidates(struct path *path, const struct ls_endpoint *list,
                                     size_t count);

/* To be called every second or so. Anything but PATH_KEEP: set path->current on the engine. */
enum path_reason path_observe(struct path *path, const struct path_sample *sample, uint64_t now_ns);

const char *path_reason_name(enum path_reason reason);

#endif
