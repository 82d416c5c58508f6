/* SPDX-License-Identifier: Apache-2.0 */
/* Two nodes can see each other when both are active and the access policy allows both directions
 * (proto/acl.h says why both). */
#ifndef LS_SERVER_NETMAP_SIGHT_H
#define LS_SERVER_NETMAP_SIGHT_H

#include <stdbool.h>

struct network;
struct node;

bool netmap_sight_mutual(const struct network *network, const struct node *a, const struct node *b);
/* True when the policy denies nothing: all active nodes can see each other. */
bool netmap_sight_open(const struct network *network);

#endif
