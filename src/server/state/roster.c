/* SPDX-License-Identifier: Apache-2.0 */
#include "server/state/roster.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "proto/netmap.h"
#include "server/state/objects.h"

static struct roster_group *group_of(const struct roster *roster, const struct node *node)
{
	return roster->groups[node->slot / ROSTER_GROUP];
}

static void drop_views(struct roster_group *group)
{
	for (size_t i = 0; i < group->view_count; i++) {
		state_text_unref(group->views[i]->text);
		free(group->views[i]);
	}
	group->view_count = group->viewed = 0;
	state_text_clear(&group->all.text);
}

static void sort(struct roster *roster, struct roster_group *group)
{
	drop_views(group);
	group->stamp = ++roster->stamps;
	group->all.mask = (struct roster_mask){0};
	for (size_t i = 0; i < ROSTER_GROUP; i++) {
		if (group->nodes[i] && group->nodes[i]->active)
			roster_mask_set(&group->all.mask, i);
	}
}

struct roster *state_roster_new(void)
{
	return ls_new(struct roster);
}

void state_roster_free(struct roster *roster)
{
	for (size_t i = 0; i < roster->group_count; i++) {
		drop_views(roster->groups[i]);
		free(roster->groups[i]->views);
		free(roster->groups[i]);
	}
	free(roster->groups);
	free(roster);
}

static int add_group(struct roster *roster)
{
	struct roster_group *group;
	int r = ls_try_grow((void **)&roster->groups, &roster->group_cap, roster->group_count + 1,
	                    sizeof(group));

	if (r < 0)
		return r;
	group = ls_try_array(1, sizeof(*group));
	if (!group)
		return -ENOMEM;
	group->stamp = ++roster->stamps;
	roster->groups[roster->group_count++] = group;
	return 0;
}

int state_roster_reserve(struct roster *roster)
{
	return roster->count < roster->group_count * ROSTER_GROUP ? 0 : add_group(roster);
}

void state_roster_add(struct roster *roster, struct node *node)
{
	size_t index = roster->group_count, place = 0;
	struct roster_group *group;

	assert(roster->count < roster->group_count * ROSTER_GROUP);
	/* Search from the end: groups before the last one have room only after deletions. */
	while (roster->groups[index - 1]->count == ROSTER_GROUP)
		index--;
	group = roster->groups[--index];
	while (group->nodes[place])
		place++;
	group->nodes[place] = node;
	group->count++;
	roster->count++;
	node->slot = index * ROSTER_GROUP + place;
	sort(roster, group);
}

void state_roster_remove(struct roster *roster, struct node *node)
{
	struct roster_group *group = group_of(roster, node);

	group->nodes[node->slot % ROSTER_GROUP] = NULL;
	group->count--;
	roster->count--;
	sort(roster, group);
}

struct node *state_roster_next(const struct roster *roster, size_t *slot)
{
	for (size_t i = *slot; i < roster->group_count * ROSTER_GROUP; i++) {
		struct node *node = roster->groups[i / ROSTER_GROUP]->nodes[i % ROSTER_GROUP];

		if (node) {
			*slot = i;
			return node;
		}
	}
	return NULL;
}

void state_roster_changed(struct roster *roster, struct node *node)
{
	struct roster_group *group = group_of(roster, node);
	size_t place = node->slot % ROSTER_GROUP;

	state_text_clear(&node->peer_text);
	state_text_clear(&group->all.text);
	for (size_t i = 0; i < group->view_count; i++) {
		if (roster_mask_has(&group->views[i]->mask, place))
			state_text_clear(&group->views[i]->text);
	}
}

void state_roster_sort(struct roster *roster, const struct node *node)
{
	sort(roster, group_of(roster, node));
}

void state_roster_sort_all(struct roster *roster)
{
	for (size_t i = 0; i < roster->group_count; i++)
		sort(roster, roster->groups[i]);
}

/* --- views --- */

static size_t count_nodes(const struct roster_mask *mask)
{
	size_t n = 0;

	for (size_t i = 0; i < ROSTER_GROUP / 64; i++)
		n += (size_t)__builtin_popcountll(mask->words[i]);
	return n;
}

/* In how many pieces of the text of all active nodes these are. */
static size_t count_pieces(const struct roster_group *group, const struct roster_mask *mask)
{
	bool before = false;
	size_t n = 0;

	for (size_t i = 0; i < ROSTER_GROUP; i++) {
		if (!roster_mask_has(&group->all.mask, i))
			continue;
		n += !before && roster_mask_has(mask, i);
		before = roster_mask_has(mask, i);
	}
	return n;
}

static bool same_mask(const struct roster_mask *a, const struct roster_mask *b)
{
	uint64_t differ = 0;

	for (size_t i = 0; i < ROSTER_GROUP / 64; i++)
		differ |= a->words[i] ^ b->words[i];
	return differ == 0;
}

static struct roster_view *find_view(const struct roster_group *group,
                                     const struct roster_mask *mask)
{
	for (size_t i = 0; i < group->view_count; i++) {
		if (same_mask(&group->views[i]->mask, mask))
			return group->views[i];
	}
	return NULL;
}

struct roster_view *state_roster_view(struct roster_group *group, const struct roster_mask *mask)
{
	struct roster_view *view = find_view(group, mask);
	size_t nodes = count_nodes(mask);

	if (view)
		return view;
	if (count_pieces(group, mask) <= ROSTER_PIECES || group->viewed + nodes > ROSTER_VIEWED ||
	    ls_try_grow((void **)&group->views, &group->view_cap, group->view_count + 1,
	                sizeof(view)) < 0)
		return &group->all;
	view = ls_try_array(1, sizeof(*view));
	if (!view)
		return &group->all;
	view->mask = *mask;
	group->views[group->view_count++] = view;
	group->viewed += nodes;
	return view;
}

/* The node's PeerInfo with a leading comma. Borrowed; NULL when out of memory. */
static struct text *peer_text(struct node *node)
{
	struct peer_info peer = node->record->info.peer;

	if (!node->peer_text) {
		peer.last_seen = node->last_seen;
		node->peer_text = state_text_from_json(",", proto_peer_info_encode(&peer));
	}
	return node->peer_text;
}

/* False when out of memory, or when the text is longer than at[] can say. */
static bool measure(const struct roster_group *group, struct roster_view *view)
{
	size_t len = 0;

	for (size_t i = 0; i < ROSTER_GROUP; i++) {
		view->at[i] = (uint32_t)len;
		if (!roster_mask_has(&view->mask, i))
			continue;
		if (!peer_text(group->nodes[i]))
			return false;
		len += group->nodes[i]->peer_text->len;
		if (len > UINT32_MAX)
			return false;
	}
	view->at[ROSTER_GROUP] = (uint32_t)len;
	return true;
}

struct text *state_roster_view_text(const struct roster_group *group, struct roster_view *view)
{
	if (view->text)
		return view->text;
	if (!measure(group, view))
		return NULL;
	view->text = state_text_new(view->at[ROSTER_GROUP]);
	for (size_t i = 0; view->text && i < ROSTER_GROUP; i++) {
		if (roster_mask_has(&view->mask, i))
			memcpy(view->text->data + view->at[i], group->nodes[i]->peer_text->data,
			       group->nodes[i]->peer_text->len);
	}
	return view->text;
}
