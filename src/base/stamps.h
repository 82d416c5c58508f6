/* SPDX-License-Identifier: Apache-2.0 */
/* A wall clock for timestamps of which each must be later than the one before: those in WireGuard's
 * handshakes, which a peer ignores unless they grow. When somebody sets the host's clock back, or a
 * host without a battery starts with an old time, these stamps still go on.
 *
 * They follow the wall clock. While that is behind, they grow at a quarter of the speed of time, so
 * that a right clock comes up with stamps that are somewhat ahead. Stamps that come from a clock
 * that was years ahead stay ahead: peers have seen them. */
#ifndef LS_BASE_STAMPS_H
#define LS_BASE_STAMPS_H

#include <stdint.h>

/* A floor at or after this (1 January 2200) cannot come from a real clock. */
#define LS_STAMPS_FLOOR_MAX_S INT64_C(7258118400)

/* The arithmetic alone, in nanoseconds; wall times are Unix times. */
struct ls_stamp {
	uint64_t value_ns;  /* the last stamp */
	uint64_t steady_ns; /* ls_now_ns() at that time */
};

/* The next stamp. It may be the same as the last one when hardly any time has passed. */
uint64_t ls_stamp_next(struct ls_stamp *stamp, uint64_t wall_ns, uint64_t steady_ns);

/* One for this process. Any thread may ask. */
struct ls_stamps;

/* No stamp is before floor_s (Unix time); 0: no floor. */
struct ls_stamps *ls_stamps_new(int64_t floor_s);
void ls_stamps_free(struct ls_stamps *stamps); /* NULL is fine */
/* Reads both clocks. Unix time in nanoseconds. */
uint64_t ls_stamps_now_ns(struct ls_stamps *stamps);

#endif
