/* SPDX-License-Identifier: Apache-2.0 */
/* Clocks. Engines take `now` as a parameter; only shells and loops read it, once per wake-up. */
#ifndef LS_BASE_CLOCK_H
#define LS_BASE_CLOCK_H

#include <stdint.h>

#define LS_NS_PER_US UINT64_C(1000)
#define LS_NS_PER_MS UINT64_C(1000000)
#define LS_NS_PER_S  UINT64_C(1000000000)
#define LS_NEVER     UINT64_MAX /* a deadline that does not come */

/* Nanoseconds of CLOCK_BOOTTIME: monotonic and counting through suspend, as key lifetimes must. */
uint64_t ls_now_ns(void);

/* Unix time in seconds, as the wire protocol has it. */
int64_t ls_wall_s(void);

#endif
