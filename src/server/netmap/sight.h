/* SPDX-License-Identifier: Apache-2.0 */
/* Who sees whom: two nodes that are both active and whose policy allows both directions
 * (proto_acl_mutual, which also says why). */
#ifndef LS_SERVER_NETMAP_SIGHT_H
#define LS_SERVER_NETMAP_SIGHT_H

#include <stdbool.h>

struct network;
struct node;

bool netmap_sight_mutual(const struct network *network, const struct node *a, const struct node *b);
/* True when no policy can hide a node: all active nodes see each other. */
bool netmap_sight_open(const struct network *network);

#endif
