/* SPDX-License-Identifier: Apache-2.0 */
/* Classes of nodes that the access policy of their network cannot tell apart: the same selectors of
 * its rules match them. So all nodes of a class see the same nodes, and what they see is worked out
 * once. A node gets its class when somebody asks for it, and loses it when its name, its tags or
 * the policy change. */
#ifndef LS_SERVER_STATE_CLASSES_H
#define LS_SERVER_STATE_CLASSES_H

#include <stdbool.h>
#include <stddef.h>

#include "server/state/roster.h"

struct network;
struct node;

struct acl_class;

struct acl_class *state_class_of(struct node *node);
/* As proto_acl_sees. */
bool state_class_sees(const struct network *network, const struct acl_class *viewer,
                      const struct acl_class *peer);
/* The active nodes of a group of the roster that the class sees, with those of the class itself if
 * they see each other. Valid until the next change. NULL when out of memory. */
const struct roster_mask *state_class_sight(struct network *network, struct acl_class *class,
                                            size_t group);

/* Only for state/. The node's name or tags change, or it goes away. */
void state_class_leave(struct node *node);
/* The policy changes. */
void state_class_leave_all(struct network *network);

#endif
