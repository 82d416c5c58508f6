/* SPDX-License-Identifier: Apache-2.0 */
#include "control/backoff.h"

void control_backoff_init(struct backoff *backoff, uint64_t first_ns, uint64_t cap_ns)
{
	*backoff = (struct backoff){.first_ns = first_ns, .cap_ns = cap_ns};
}

void control_backoff_reset(struct backoff *backoff)
{
	backoff->limit_ns = 0;
}

uint64_t control_backoff_next(struct backoff *backoff, uint32_t random)
{
	uint64_t half;

	if (backoff->limit_ns == 0)
		backoff->limit_ns = backoff->first_ns;
	else if (backoff->limit_ns > backoff->cap_ns / 2)
		backoff->limit_ns = backoff->cap_ns;
	else
		backoff->limit_ns *= 2;
	half = backoff->limit_ns / 2;
	/* half * random would overflow above 4 s: scale in two steps. */
	return half + half / UINT32_MAX * random +
	       half % UINT32_MAX * (uint64_t)random / UINT32_MAX;
}
