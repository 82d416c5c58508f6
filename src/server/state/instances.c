/* SPDX-License-Identifier: Apache-2.0 */
#include "server/state/instances.h"

#include <stddef.h>
#include <string.h>

#include "base/clock.h"

static bool within(uint64_t then_ns, uint64_t now_ns, uint64_t seconds)
{
	return then_ns != 0 && now_ns - then_ns < seconds * LS_NS_PER_S;
}

/* Moves it to the front; true when it was there before. */
static bool take(struct instances *instances, uint64_t instance)
{
	size_t i = 0;
	bool known;

	while (i < INSTANCES_KEPT - 1 && instances->recent[i] != instance)
		i++;
	known = instances->recent[i] == instance;
	memmove(&instances->recent[1], &instances->recent[0], i * sizeof(instances->recent[0]));
	instances->recent[0] = instance;
	return known;
}

bool state_instances_note(struct instances *instances, uint64_t instance, uint64_t now_ns)
{
	if (instance == 0 || instance == instances->recent[0] || !take(instances, instance))
		return false;
	if (!within(instances->returned_ns, now_ns, INSTANCES_WINDOW_S))
		instances->returns = 0;
	instances->returned_ns = now_ns;
	if (++instances->returns < 2)
		return false;
	instances->cloned_ns = now_ns;
	if (within(instances->said_ns, now_ns, INSTANCES_SAY_S))
		return false;
	instances->said_ns = now_ns;
	return true;
}

bool state_instances_are_cloned(const struct instances *instances, uint64_t now_ns)
{
	return within(instances->cloned_ns, now_ns, INSTANCES_CLONED_S);
}
