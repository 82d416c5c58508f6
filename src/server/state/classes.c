/* SPDX-License-Identifier: Apache-2.0 */
#include "server/state/classes.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "server/state/objects.h"

enum {
	WORD = 64, /* rules per word of a class's bits */
};

/* What a class sees of one group. */
struct class_sight {
	uint64_t stamp; /* the group's when the mask was made; 0: never */
	struct roster_mask mask;
};

struct acl_class {
	size_t members;
	struct class_sight *sights; /* by group */
	size_t sight_cap;
	size_t words;    /* words of bits for the sources, and as many for the destinations */
	uint64_t bits[]; /* of each rule: its selector matches. This is the key in the map */
};

static size_t key_len(const struct acl_class *class)
{
	return 2 * class->words * sizeof(class->bits[0]);
}

static struct acl_class *class_new(const struct node *node)
{
	const struct acl_policy *policy = &node->network->policy;
	const struct peer_info *peer = &node->record->info.peer;
	const struct acl_subject subject = {.id = peer->id, .name = peer->name, .tags = peer->tags};
	size_t words = policy->rule_count / WORD + 1;
	struct acl_class *class = ls_new_bytes(sizeof(*class) + 2 * words * sizeof(class->bits[0]));

	class->words = words;
	for (size_t i = 0; i < policy->rule_count; i++) {
		uint64_t bit = UINT64_C(1) << i % WORD;

		if (proto_acl_selector_matches(&policy->rules[i].src, &subject))
			class->bits[i / WORD] |= bit;
		if (proto_acl_selector_matches(&policy->rules[i].dst, &subject))
			class->bits[words + i / WORD] |= bit;
	}
	return class;
}

static void class_free(struct acl_class *class)
{
	free(class->sights);
	free(class);
}

struct acl_class *state_class_of(struct node *node)
{
	struct ls_map *classes = node->network->classes;
	struct acl_class *class, *known;

	if (node->class)
		return node->class;
	class = class_new(node);
	known = ls_map_get(classes, class->bits, key_len(class));
	if (known) {
		class_free(class);
		class = known;
	} else {
		if (ls_map_add(classes, class->bits, key_len(class), class) < 0)
			abort();
	}
	class->members++;
	node->class = class;
	return class;
}

void state_class_leave(struct node *node)
{
	struct acl_class *class = node->class;

	node->class = NULL;
	if (!class || --class->members > 0)
		return;
	(void)ls_map_remove(node->network->classes, class->bits, key_len(class));
	class_free(class);
}

void state_class_leave_all(struct network *network)
{
	struct node *node;

	for (size_t slot = 0; (node = state_roster_next(network->roster, &slot)); slot++)
		state_class_leave(node);
	state_roster_sort_all(network->roster);
}

/* As proto_acl_evaluate: the first rule that matches both decides. */
static bool allows(const struct acl_policy *policy, const struct acl_class *from,
                   const struct acl_class *to)
{
	for (size_t i = 0; i < from->words; i++) {
		uint64_t both = from->bits[i] & to->bits[to->words + i];

		if (both != 0)
			return policy->rules[i * WORD + (size_t)__builtin_ctzll(both)].action ==
			       ACL_ALLOW;
	}
	return policy->default_action == ACL_ALLOW;
}

bool state_class_sees(const struct network *network, const struct acl_class *viewer,
                      const struct acl_class *peer)
{
	return allows(&network->policy, viewer, peer) &&
	       (network->policy.sight == ACL_SIGHT_ONE_WAY ||
	        allows(&network->policy, peer, viewer));
}

static void look(const struct network *network, const struct acl_class *class,
                 const struct roster_group *group, struct roster_mask *ret)
{
	const struct acl_class *last = NULL;
	bool sees = false;

	*ret = (struct roster_mask){0};
	for (size_t i = 0; i < ROSTER_GROUP; i++) {
		struct node *node = group->nodes[i];

		if (!node || !node->active)
			continue;
		if (state_class_of(node) != last) {
			last = node->class;
			sees = state_class_sees(network, class, last);
		}
		if (sees)
			roster_mask_set(ret, i);
	}
}

const struct roster_mask *state_class_sight(struct network *network, struct acl_class *class,
                                            size_t group)
{
	const struct roster_group *of = network->roster->groups[group];
	size_t had = class->sight_cap;
	struct class_sight *sight;

	if (group >= had) {
		if (ls_try_grow((void **)&class->sights, &class->sight_cap, group + 1,
		                sizeof(*class->sights)) < 0)
			return NULL;
		memset(class->sights + had, 0, (class->sight_cap - had) * sizeof(*sight));
	}
	sight = &class->sights[group];
	if (sight->stamp != of->stamp) {
		look(network, class, of, &sight->mask);
		sight->stamp = of->stamp;
	}
	return &sight->mask;
}
