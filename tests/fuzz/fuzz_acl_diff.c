/* SPDX-License-Identifier: Apache-2.0 */
/* Two policies and some nodes, made of the bytes of the input: the difference between the policies
 * is what comes out when every pair of nodes is asked for by itself. Few names and tags, so that
 * most selectors match something. */
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "proto/acl.h"
#include "proto/acl_diff.h"
#include "tests/fuzz/fuzz.h"

enum {
	NODES_MAX = 24,
	RULES_MAX = 80, /* more than one word of 64 bits */
	WORDS = 4,      /* different names, ids and tags */
};

static const char *const words[WORDS] = {"a", "b", "c", "d"};
static const char *const names[WORDS] = {"A", "b", "C", "d"};

struct input {
	const uint8_t *data;
	size_t left;
};

/* Zeros behind the end. */
static uint8_t take(struct input *in)
{
	if (in->left == 0)
		return 0;
	in->left--;
	return *in->data++;
}

/* One list: the words whose bits are set. */
static struct string_list take_list(uint8_t bits, const char *const *from, struct ls_arena *arena)
{
	const char **items = ls_arena_alloc(arena, WORDS, sizeof(*items));
	size_t n = 0;

	FUZZ_CHECK(items);
	for (size_t i = 0; i < WORDS; i++) {
		if (bits & 1U << i)
			items[n++] = from[i];
	}
	return (struct string_list){.items = items, .count = n};
}

static struct acl_selector take_selector(struct input *in, struct ls_arena *arena)
{
	uint8_t kind = take(in), bits = take(in);
	struct acl_selector selector = {.any = kind % 8 == 7};

	if (kind & 1)
		selector.tags = take_list(bits & 15, words, arena);
	if (kind & 2)
		selector.node_ids = take_list(bits >> 4, words, arena);
	if (kind & 4)
		selector.names = take_list(bits & 15, names, arena);
	return selector;
}

static struct acl_policy take_policy(struct input *in, struct ls_arena *arena)
{
	uint8_t head = take(in);
	size_t count = head / 2 % RULES_MAX;
	struct acl_rule *rules = ls_arena_alloc(arena, count + 1, sizeof(*rules));

	FUZZ_CHECK(rules);
	for (size_t i = 0; i < count; i++) {
		rules[i].action = take(in) & 1 ? ACL_DENY : ACL_ALLOW;
		rules[i].src = take_selector(in, arena);
		rules[i].dst = take_selector(in, arena);
	}
	return (struct acl_policy){.default_action = head & 1 ? ACL_DENY : ACL_ALLOW,
	                           .rules = rules,
	                           .rule_count = count};
}

static size_t take_nodes(struct input *in, struct ls_arena *arena,
                         struct acl_subject ret[static NODES_MAX])
{
	size_t count = take(in) % (NODES_MAX + 1);

	for (size_t i = 0; i < count; i++) {
		uint8_t bits = take(in);

		ret[i] = (struct acl_subject){.id = words[bits & 3],
		                              .name = words[bits >> 2 & 3],
		                              .tags = take_list(bits >> 4, words, arena)};
	}
	return count;
}

/* Walks a list of pairs beside the loop over all pairs, which has the same order. */
struct cursor {
	const struct acl_pair *pairs;
	size_t listed;
	size_t at;
};

static bool goes_on_with(struct cursor *cursor, size_t a, size_t b)
{
	if (cursor->at == cursor->listed || cursor->pairs[cursor->at].a != a ||
	    cursor->pairs[cursor->at].b != b)
		return false;
	cursor->at++;
	return true;
}

static void check_diff(const struct acl_policy *before, const struct acl_policy *after,
                       const struct acl_subject *nodes, size_t count)
{
	struct acl_diff diff;
	struct cursor gained, lost, one_way;

	FUZZ_CHECK(proto_acl_diff(before, after, nodes, count, &diff) == 0);
	FUZZ_CHECK(diff.gained_listed == diff.gained_count && diff.lost_listed == diff.lost_count);
	gained = (struct cursor){.pairs = diff.gained, .listed = diff.gained_listed};
	lost = (struct cursor){.pairs = diff.lost, .listed = diff.lost_listed};
	one_way = (struct cursor){.pairs = diff.one_way, .listed = diff.one_way_listed};
	for (size_t a = 0; a < count; a++) {
		for (size_t b = 0; b < count; b++) {
			bool there = proto_acl_evaluate(after, &nodes[a], &nodes[b]).allowed;
			bool back = proto_acl_evaluate(after, &nodes[b], &nodes[a]).allowed;

			FUZZ_CHECK(goes_on_with(&one_way, a, b) == (there && !back));
		}
		for (size_t b = a + 1; b < count; b++) {
			bool was = proto_acl_mutual(before, &nodes[a], &nodes[b]);
			bool is = proto_acl_mutual(after, &nodes[a], &nodes[b]);

			FUZZ_CHECK(goes_on_with(&gained, a, b) == (is && !was));
			FUZZ_CHECK(goes_on_with(&lost, a, b) == (was && !is));
		}
	}
	FUZZ_CHECK(gained.at == gained.listed && lost.at == lost.listed);
	FUZZ_CHECK(one_way.at == one_way.listed && one_way.listed == diff.one_way_count);
	proto_acl_diff_done(&diff);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ls_arena *arena = ls_arena_new(1 << 20);
	struct input in = {.data = data, .left = size};
	struct acl_subject nodes[NODES_MAX];
	size_t count = take_nodes(&in, arena, nodes);
	struct acl_policy before = take_policy(&in, arena), after = take_policy(&in, arena);

	check_diff(&before, &after, nodes, count);
	check_diff(&after, &before, nodes, count);
	check_diff(&before, &before, nodes, count);
	ls_arena_free(arena);
	return 0;
}
