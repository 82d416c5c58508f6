/* SPDX-License-Identifier: Apache-2.0 */
/* Two nodes of a network can see each other when both are active and the access policy allows both
 * directions (proto/acl.h says why both). */
#ifndef LS_SERVER_NETMAP_SIGHT_H
#define LS_SERVER_NETMAP_SIGHT_H

#include <stdbool.h>

struct node;

bool netmap_sight_mutual(struct node *a, struct node *b);

#endif
