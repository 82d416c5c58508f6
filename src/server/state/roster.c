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

struct roster *state_roster_new(void)
{
	return ls_new(struct roster);
}

void state_roster_free(struct roster *roster)
{
	for (size_t i = 0; i < roster->group_count; i++) {
		state_text_unref(roster->groups[i]->joined);
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
	state_text_clear(&group->joined);
	node->slot = index * ROSTER_GROUP + place;
}

void state_roster_remove(struct roster *roster, struct node *node)
{
	struct roster_group *group = group_of(roster, node);

	group->nodes[node->slot % ROSTER_GROUP] = NULL;
	group->count--;
	roster->count--;
	state_text_clear(&group->joined);
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
	state_text_clear(&node->peer_text);
	state_text_clear(&group_of(roster, node)->joined);
}

struct text *state_roster_peer_text(struct node *node)
{
	struct peer_info peer = node->record->info.peer;

	if (!node->peer_text) {
		peer.last_seen = node->last_seen;
		node->peer_text = state_text_from_json(",", proto_peer_info_encode(&peer));
	}
	return node->peer_text;
}

struct text *state_roster_group_text(struct roster_group *group)
{
	size_t len = 0, at = 0;

	if (group->joined)
		return group->joined;
	for (size_t i = 0; i < ROSTER_GROUP; i++) {
		struct node *node = group->nodes[i];

		if (!node || !node->active)
			continue;
		if (!state_roster_peer_text(node))
			return NULL;
		len += node->peer_text->len;
	}
	group->joined = state_text_new(len);
	if (!group->joined)
		return NULL;
	for (size_t i = 0; i < ROSTER_GROUP; i++) {
		const struct node *node = group->nodes[i];

		if (!node || !node->active)
			continue;
		memcpy(group->joined->data + at, node->peer_text->data, node->peer_text->len);
		at += node->peer_text->len;
	}
	return group->joined;
}
