/* SPDX-License-Identifier: Apache-2.0 */
/* Who sees whom. A tunnel needs both ends, and a policy that denies A -> B must not leave A a way
 * to B: so two nodes see each other, or neither sees the other, and they do only when both are in
 * force and the policy allows A -> B and B -> A. A policy whose default is deny therefore needs a
 * rule for each direction. */
#ifndef LS_SERVER_NETMAP_SIGHT_H
#define LS_SERVER_NETMAP_SIGHT_H

#include <stdbool.h>

struct network;
struct node;

bool sight_mutual(const struct network *network, const struct node *a, const struct node *b);
/* True when no policy can hide a node: all in force see each other. */
bool sight_open(const struct network *network);

#endif
