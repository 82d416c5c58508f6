/* SPDX-License-Identifier: Apache-2.0 */
#include "server/state/bucket.h"

#include "base/clock.h"

unsigned state_bucket_wait_s(const struct state_bucket *bucket, struct state_rate rate,
                             uint64_t now_ns)
{
	uint64_t credit = (rate.burst - 1) * (rate.every_s * LS_NS_PER_S);

	if (bucket->paid_ns <= now_ns || bucket->paid_ns - now_ns <= credit)
		return 0;
	return (unsigned)((bucket->paid_ns - now_ns - credit + LS_NS_PER_S - 1) / LS_NS_PER_S);
}

void state_bucket_take(struct state_bucket *bucket, struct state_rate rate, uint64_t now_ns)
{
	if (bucket->paid_ns < now_ns)
		bucket->paid_ns = now_ns;
	bucket->paid_ns += rate.every_s * LS_NS_PER_S;
}
