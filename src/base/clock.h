/* SPDX-License-Identifier: Apache-2.0 */
/* Clocks. Engines get `now` as a parameter; only shells and event loops read the clock, once per
 * wake-up. */
#ifndef LS_BASE_CLOCK_H
#define LS_BASE_CLOCK_H

#include <stdint.h>

#define LS_NS_PER_US UINT64_C(1000)
#define LS_NS_PER_MS UINT64_C(1000000)
#define LS_NS_PER_S  UINT64_C(1000000000)
#define LS_NEVER     UINT64_MAX /* a deadline that never comes */

/* Nanoseconds of CLOCK_BOOTTIME, which is monotonic and also counts time in suspend, as lifetimes
 * of keys require. */
uint64_t ls_now_ns(void);

/* Unix time in seconds, as in the control protocol. */
int64_t ls_wall_s(void);
/* The same in milliseconds. */
int64_t ls_wall_ms(void);

#endif
