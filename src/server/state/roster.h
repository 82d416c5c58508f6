/* SPDX-License-Identifier: Apache-2.0 */
/* The nodes of one network, and their PeerInfo texts, which all netmaps share. Each node has a
 * slot, and the slots form groups. A view is the joined text of some active nodes of a group; a
 * netmap refers to one view of each group, to parts of it when the viewer does not see all of its
 * nodes. So a change encodes one node and joins the views of one group again, however many netmaps
 * are being sent. */
#ifndef LS_SERVER_STATE_ROSTER_H
#define LS_SERVER_STATE_ROSTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "server/state/text.h"

struct node;

enum {
	ROSTER_GROUP = 256,
	/* A view of its own is made for viewers whose nodes form more pieces of a larger view. */
	ROSTER_PIECES = 4,
	/* Nodes in all views of a group; further viewers use pieces, however many. */
	ROSTER_VIEWED = 8 * ROSTER_GROUP,
};

/* Some slots of a group. */
struct roster_mask {
	uint64_t words[ROSTER_GROUP / 64];
};

static inline bool roster_mask_has(const struct roster_mask *mask, size_t slot)
{
	return mask->words[slot / 64] >> slot % 64 & 1;
}

static inline void roster_mask_set(struct roster_mask *mask, size_t slot)
{
	mask->words[slot / 64] |= UINT64_C(1) << slot % 64;
}

struct roster_view {
	struct roster_mask mask;
	struct text *text; /* ",{..},{..}", possibly empty; NULL: not joined yet */
	/* The node in slot i has the bytes from at[i] to at[i + 1], none if it is not in the mask.
	 */
	uint32_t at[ROSTER_GROUP + 1];
};

struct roster_group {
	struct node *nodes[ROSTER_GROUP]; /* NULL: a free slot */
	size_t count;
	/* Another number when the nodes, which of them are active, or their classes change. Never
	 * 0. */
	uint64_t stamp;
	struct roster_view all;     /* all active nodes */
	struct roster_view **views; /* more views, made since the stamp changed */
	size_t view_count;
	size_t view_cap;
	size_t viewed; /* nodes in them */
};

struct roster {
	struct roster_group **groups;
	size_t group_count;
	size_t group_cap;
	size_t count;    /* nodes */
	uint64_t stamps; /* the last stamp that a group got */
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
/* Call it when what peers see of the node has changed: drops the texts that contain it. */
void state_roster_changed(struct roster *roster, struct node *node);
/* Call it when who sees the node may have changed: its activity, its class. */
void state_roster_sort(struct roster *roster, const struct node *node);
/* The same for all nodes. */
void state_roster_sort_all(struct roster *roster);

/* The view from which to take the text of these active nodes: the smallest one at hand that has
 * them all. Valid until the next change. */
struct roster_view *state_roster_view(struct roster_group *group, const struct roster_mask *mask);
/* The view's text. Borrowed; NULL when out of memory. */
struct text *state_roster_view_text(const struct roster_group *group, struct roster_view *view);

#endif
