/* SPDX-License-Identifier: Apache-2.0 */
/* A token bucket: a budget that fills up again. Times are of ls_now_ns(). */
#ifndef LS_SERVER_STATE_BUCKET_H
#define LS_SERVER_STATE_BUCKET_H

#include <stdint.h>

struct state_rate {
	unsigned burst;   /* so many at once, */
	unsigned every_s; /* then one in this time */
};

struct state_bucket {
	uint64_t paid_ns; /* when all that was taken is paid for, at one per every_s */
};

/* The seconds until the next one may be taken; 0: now. */
unsigned state_bucket_wait_s(const struct state_bucket *bucket, struct state_rate rate,
                             uint64_t now_ns);
void state_bucket_take(struct state_bucket *bucket, struct state_rate rate, uint64_t now_ns);

#endif
