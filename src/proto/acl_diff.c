/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/acl_diff.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/mem.h"

/* A node and the selectors that match it, as two bits for each rule of both policies. Nodes with
 * equal bits form a class. */
struct member {
	const uint64_t *bits;
	size_t words;
	size_t index;
};

struct class
{
	const struct member *members;
	size_t count;
};

struct pair_list {
	struct acl_pair *items;
	size_t listed;
	size_t cap;
	size_t count;
};

struct work {
	const struct acl_policy *before;
	const struct acl_policy *after;
	const struct acl_subject *nodes;
	uint64_t *bits;
	struct member *members;
	struct class *classes;
	size_t class_count;
	struct pair_list gained;
	struct pair_list lost;
	struct pair_list one_way;
};

static size_t mark(uint64_t *bits, size_t at, const struct acl_policy *policy,
                   const struct acl_subject *node)
{
	for (size_t i = 0; i < policy->rule_count; i++) {
		const struct acl_selector *const selectors[] = {&policy->rules[i].src,
		                                                &policy->rules[i].dst};

		for (size_t k = 0; k < 2; k++, at++) {
			if (proto_acl_selector_matches(selectors[k], node))
				bits[at / 64] |= UINT64_C(1) << (at % 64);
		}
	}
	return at;
}

static int compare_members(const void *a, const void *b)
{
	const struct member *x = a, *y = b;
	int r = memcmp(x->bits, y->bits, x->words * sizeof(*x->bits));

	return r != 0 ? r : (x->index > y->index) - (x->index < y->index);
}

static int classify(struct work *work, size_t count)
{
	size_t words = (work->before->rule_count + work->after->rule_count) * 2 / 64 + 1;

	work->bits = ls_try_array(count, words * sizeof(*work->bits));
	work->members = ls_try_array(count, sizeof(*work->members));
	work->classes = ls_try_array(count, sizeof(*work->classes));
	if (!work->bits || !work->members || !work->classes)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++) {
		uint64_t *bits = work->bits + i * words;

		(void)mark(bits, mark(bits, 0, work->before, &work->nodes[i]), work->after,
		           &work->nodes[i]);
		work->members[i] = (struct member){.bits = bits, .words = words, .index = i};
	}
	qsort(work->members, count, sizeof(*work->members), compare_members);
	for (size_t i = 0; i < count; i++) {
		const struct member *member = &work->members[i];

		if (i == 0 || memcmp(member->bits, member[-1].bits, words * sizeof(uint64_t)) != 0)
			work->classes[work->class_count++].members = member;
		work->classes[work->class_count - 1].count++;
	}
	return 0;
}

static int add_pair(struct pair_list *list, size_t a, size_t b)
{
	int r;

	list->count++;
	if (list->listed == ACL_DIFF_PAIRS_MAX)
		return 0;
	r = ls_try_grow((void **)&list->items, &list->cap, list->listed + 1, sizeof(*list->items));
	if (r == 0)
		list->items[list->listed++] = (struct acl_pair){a, b};
	return r;
}

/* Adds each pair of a node of x and another of y, the lower index first. */
static int add_pairs(struct pair_list *list, const struct class *x, const struct class *y)
{
	int r = 0;

	for (size_t i = 0; i < x->count; i++) {
		for (size_t k = x == y ? i + 1 : 0; k < y->count && r == 0; k++) {
			size_t a = x->members[i].index, b = y->members[k].index;

			r = add_pair(list, a < b ? a : b, a < b ? b : a);
		}
	}
	return r;
}

/* Adds each direction from a node of x to one of y, which is another class: within a class, both
 * directions are the same to the policy. */
static int add_directions(struct pair_list *list, const struct class *x, const struct class *y)
{
	int r = 0;

	for (size_t i = 0; i < x->count; i++) {
		for (size_t k = 0; k < y->count && r == 0; k++)
			r = add_pair(list, x->members[i].index, y->members[k].index);
	}
	return r;
}

static int weigh(struct work *work, const struct class *x, const struct class *y)
{
	const struct acl_subject *a = &work->nodes[x->members[0].index];
	const struct acl_subject *b = &work->nodes[y->members[0].index];
	bool there = proto_acl_evaluate(work->after, a, b).allowed,
	     back = proto_acl_evaluate(work->after, b, a).allowed;
	bool before = proto_acl_mutual(work->before, a, b), after = there && back;
	int r = 0;

	if (there != back)
		r = there ? add_directions(&work->one_way, x, y)
		          : add_directions(&work->one_way, y, x);
	if (r < 0 || before == after)
		return r;
	return add_pairs(after ? &work->gained : &work->lost, x, y);
}

static int compare_pairs(const void *a, const void *b)
{
	const struct acl_pair *x = a, *y = b;

	if (x->a != y->a)
		return x->a < y->a ? -1 : 1;
	return (x->b > y->b) - (x->b < y->b);
}

static void sort_pairs(struct pair_list *list)
{
	if (list->listed > 0)
		qsort(list->items, list->listed, sizeof(*list->items), compare_pairs);
}

int proto_acl_diff(const struct acl_policy *before, const struct acl_policy *after,
                   const struct acl_subject *nodes, size_t count, struct acl_diff *ret)
{
	struct work work = {.before = before, .after = after, .nodes = nodes};
	int r = count > 0 ? classify(&work, count) : 0;

	for (size_t i = 0; i < work.class_count && r == 0; i++) {
		for (size_t k = i; k < work.class_count && r == 0; k++)
			r = weigh(&work, &work.classes[i], &work.classes[k]);
	}
	free(work.bits);
	free(work.members);
	free(work.classes);
	if (r < 0) {
		free(work.gained.items);
		free(work.lost.items);
		free(work.one_way.items);
		return r;
	}
	sort_pairs(&work.gained);
	sort_pairs(&work.lost);
	sort_pairs(&work.one_way);
	*ret = (struct acl_diff){.gained = work.gained.items,
	                         .gained_listed = work.gained.listed,
	                         .gained_count = work.gained.count,
	                         .lost = work.lost.items,
	                         .lost_listed = work.lost.listed,
	                         .lost_count = work.lost.count,
	                         .one_way = work.one_way.items,
	                         .one_way_listed = work.one_way.listed,
	                         .one_way_count = work.one_way.count};
	return 0;
}

void proto_acl_diff_done(struct acl_diff *diff)
{
	free(diff->gained);
	free(diff->lost);
	free(diff->one_way);
	*diff = (struct acl_diff){0};
}
