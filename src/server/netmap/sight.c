/* SPDX-License-Identifier: Apache-2.0 */
#include "server/netmap/sight.h"

#include "server/state/classes.h"
#include "server/state/objects.h"

bool netmap_sight_mutual(struct node *a, struct node *b)
{
	return a != b && a->active && b->active && a->network == b->network &&
	       state_class_mutual(a->network, state_class_of(a), state_class_of(b));
}
