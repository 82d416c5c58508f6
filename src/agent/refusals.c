/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/refusals.h"

#include <stddef.h>

#include "base/clock.h"

void agent_refusals_reset(struct refusals *refusals)
{
	*refusals = (struct refusals){0};
}

bool agent_refusals_note(struct refusals *refusals, uint32_t refused, uint32_t known,
                         uint64_t now_ns)
{
	bool counts = false;

	for (size_t i = 0; i < CONTROL_URLS_MAX; i++) {
		if (!(refused & known & (1u << i)))
			continue;
		if (refusals->first_ns[i] == 0)
			refusals->first_ns[i] = now_ns;
		else if (now_ns - refusals->first_ns[i] >= AGENT_REFUSAL_S * LS_NS_PER_S)
			counts = true;
	}
	return counts;
}
