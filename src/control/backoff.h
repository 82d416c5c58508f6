/* SPDX-License-Identifier: Apache-2.0 */
/* Exponential back-off with jitter, without an end: each wait is random in [limit/2, limit], and
 * the limit doubles from `first_ns` to `cap_ns`. A value type without I/O; the caller supplies the
 * random number. */
#ifndef LS_CONTROL_BACKOFF_H
#define LS_CONTROL_BACKOFF_H

#include <stdint.h>

struct backoff {
	uint64_t first_ns;
	uint64_t cap_ns;   /* >= first_ns */
	uint64_t limit_ns; /* of the last wait; 0 after a success */
};

void control_backoff_init(struct backoff *backoff, uint64_t first_ns, uint64_t cap_ns);
void control_backoff_reset(struct backoff *backoff);
/* How long to wait after another failure. `random` is any 32 random bits. */
uint64_t control_backoff_next(struct backoff *backoff, uint32_t random);

#endif
