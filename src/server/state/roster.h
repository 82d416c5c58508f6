/* SPDX-License-Identifier: Apache-2.0 */
/* The nodes of one network in slots, in groups. Each group keeps the joined PeerInfo texts of those
 * of its nodes that are in force, so that a netmap of a network without deny rules is made of one
 * piece a group, and one change re-encodes one node and re-joins one group. */
#ifndef LS_SERVER_STATE_ROSTER_H
#define LS_SERVER_STATE_ROSTER_H

#include <stddef.h>

#include "base/error.h"
#include "server/state/text.h"

struct node;

enum {
	ROSTER_GROUP = 256
};

struct roster_group {
	struct node *nodes[ROSTER_GROUP]; /* NULL: a free slot */
	size_t count;
	struct text *joined; /* ",{..},{..}", possibly empty; NULL: to be made */
};

struct roster {
	struct roster_group **groups;
	size_t group_count;
	size_t group_cap;
	size_t count; /* nodes */
};

struct roster *state_roster_new(void);
void state_roster_free(struct roster *roster); /* not the nodes */
/* Makes sure of a free slot. -ENOMEM. */
int state_roster_reserve(struct roster *roster) LS_MUST_CHECK;
/* Gives the node a free slot, which there must be, and writes node->slot. */
void state_roster_add(struct roster *roster, struct node *node);
void state_roster_remove(struct roster *roster, struct node *node);
/* The node in a slot, or the next one after it; NULL at the end. *slot is where it was found. */
struct node *state_roster_next(const struct roster *roster, size_t *slot);
/* What peers see of the node has changed: drops its text and its group's. */
void state_roster_changed(struct roster *roster, struct node *node);
/* The node's PeerInfo with a leading comma; borrowed, NULL when memory is gone. */
struct text *state_roster_peer_text(struct node *node);
/* The group's joined text; borrowed, NULL when memory is gone. */
struct text *state_roster_group_text(struct roster_group *group);

#endif
