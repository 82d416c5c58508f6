/* SPDX-License-Identifier: Apache-2.0 */
#include "server/netmap/sight.h"

#include "server/state/classes.h"
#include "server/state/objects.h"

bool netmap_sight_sees(struct node *viewer, struct node *peer)
{
	return viewer != peer && viewer->active && peer->active &&
	       viewer->network == peer->network &&
	       state_class_sees(viewer->network, state_class_of(viewer), state_class_of(peer));
}
