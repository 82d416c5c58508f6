/* SPDX-License-Identifier: Apache-2.0 */
/* The nodes of one network. Each node has a slot, and the slots form groups. Each group caches the
 * joined PeerInfo texts of its active nodes. So a netmap of a network without deny rules needs one
 * piece per group, and a change encodes one node and joins one group again. */
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
	struct text *joined; /* ",{..},{..}", possibly empty; NULL: not joined yet */
};

struct roster {
	struct roster_group **groups;
	size_t group_count;
	size_t group_cap;
	size_t count; /* nodes */
};

struct roster *state_roster_new(void);
void state_roster_free(struct roster *roster); /* does not free the nodes */
/* Makes sure that there is a free slot. -ENOMEM. */
int state_roster_reserve(struct roster *roster) LS_MUST_CHECK;
/* Gives the node a free slot and sets node->slot. There must be a free slot. */
void state_roster_add(struct roster *roster, struct node *node);
void state_roster_remove(struct roster *roster, struct node *node);
/* The first node from slot *slot on; sets *slot to its slot. NULL at the end. */
struct node *state_roster_next(const struct roster *roster, size_t *slot);
/* Call it when what peers see of the node has changed: drops the texts of the node and its group.
 */
void state_roster_changed(struct roster *roster, struct node *node);
/* The node's PeerInfo with a leading comma. Borrowed; NULL when out of memory. */
struct text *state_roster_peer_text(struct node *node);
/* The group's joined text. Borrowed; NULL when out of memory. */
struct text *state_roster_group_text(struct roster_group *group);

#endif
