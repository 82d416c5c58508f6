/* SPDX-License-Identifier: Apache-2.0 */
/* A node sees another of its network when both are active and the access policy allows it: both
 * directions (proto/acl.h says why both), or with sight one-way the direction to the other. */
#ifndef LS_SERVER_NETMAP_SIGHT_H
#define LS_SERVER_NETMAP_SIGHT_H

#include <stdbool.h>

struct node;

bool netmap_sight_sees(struct node *viewer, struct node *peer);

#endif
