/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "proto/acl_diff.h"
#include "json/json.h"

enum {
	NODES = 24,
	POLICIES = 60,
};

static const char *const tag_sets[][2] = {{"a", "b"}, {"b", "c"}, {"c", "a"}};
static char ids[NODES][8];
static struct acl_subject nodes[NODES];

static int make_nodes(void **state)
{
	(void)state;
	for (size_t i = 0; i < NODES; i++) {
		(void)snprintf(ids[i], sizeof(ids[i]), "n%zu", i);
		nodes[i] = (struct acl_subject){.id = ids[i],
		                                .name = ids[i],
		                                .tags = {tag_sets[i % 3], i % 4 < 2 ? i % 4 : 2}};
	}
	return 0;
}

static struct acl_policy parse(struct ls_arena *arena, const char *text)
{
	struct acl_policy policy;
	json_t *json = NULL;

	assert_int_equal(json_parse(text, strlen(text), 4096, "acl", &json, NULL), 0);
	assert_int_equal(proto_acl_policy_decode(json, arena, &policy, NULL), 0);
	json_decref(json);
	return policy;
}

static void words(void **state)
{
	static const char deny_a[] =
	        "{\"rules\":[{\"action\":\"deny\",\"src\":{\"names\":[\"n1\"]},"
	        "\"dst\":{\"names\":[\"n2\"]}}]}";
	struct ls_arena *arena = ls_arena_new(1 << 16);
	struct acl_policy open = parse(arena, "{}"), closed = parse(arena, deny_a);
	struct acl_policy none = parse(arena, "{\"default_action\":\"deny\"}");
	struct acl_diff diff;

	(void)state;
	/* One direction is enough to lose sight, and there is nothing to lose twice. */
	assert_int_equal(proto_acl_diff(&open, &closed, nodes, NODES, &diff), 0);
	assert_int_equal(diff.gained_count, 0);
	assert_int_equal(diff.lost_count, 1);
	assert_int_equal(diff.lost[0].a, 1);
	assert_int_equal(diff.lost[0].b, 2);
	proto_acl_diff_done(&diff);
	assert_int_equal(proto_acl_diff(&none, &open, nodes, NODES, &diff), 0);
	assert_int_equal(diff.gained_count, NODES * (NODES - 1) / 2);
	assert_int_equal(diff.gained_listed, diff.gained_count);
	proto_acl_diff_done(&diff);
	for (size_t count = 0; count < 2; count++) {
		assert_int_equal(proto_acl_diff(&none, &open, nodes, count, &diff), 0);
		assert_int_equal(diff.gained_count + diff.lost_count, 0);
		proto_acl_diff_done(&diff);
	}
	ls_arena_free(arena);
}

static unsigned next_random(unsigned *seed)
{
	*seed = *seed * 1103515245u + 12345u;
	return *seed >> 16;
}

static void random_selector(unsigned *seed, char *buf, size_t size)
{
	unsigned pick = next_random(seed) % 4;

	if (pick == 0)
		(void)snprintf(buf, size, "{\"any\":true}");
	else if (pick == 1)
		(void)snprintf(buf, size, "{\"tags\":[\"%c\"]}",
		               (int)('a' + next_random(seed) % 4));
	else if (pick == 2)
		(void)snprintf(buf, size, "{\"names\":[\"N%u\"]}", next_random(seed) % NODES);
	else
		(void)snprintf(buf, size, "{\"node_ids\":[\"n%u\"],\"tags\":[\"b\"]}",
		               next_random(seed) % NODES);
}

static struct acl_policy random_policy(struct ls_arena *arena, unsigned *seed)
{
	char text[2048], src[64], dst[64];
	int n = snprintf(text, sizeof(text), "{\"default_action\":\"%s\",\"rules\":[",
	                 next_random(seed) % 2 ? "allow" : "deny");
	unsigned rules = next_random(seed) % 5;

	for (unsigned i = 0; i < rules; i++) {
		random_selector(seed, src, sizeof(src));
		random_selector(seed, dst, sizeof(dst));
		n += snprintf(text + n, sizeof(text) - (size_t)n,
		              "%s{\"action\":\"%s\",\"src\":%s,\"dst\":%s}", i ? "," : "",
		              next_random(seed) % 2 ? "allow" : "deny", src, dst);
	}
	(void)snprintf(text + n, sizeof(text) - (size_t)n, "]}");
	return parse(arena, text);
}

static bool listed(const struct acl_pair *pairs, size_t count, size_t a, size_t b)
{
	for (size_t i = 0; i < count; i++) {
		if (pairs[i].a == a && pairs[i].b == b)
			return true;
	}
	return false;
}

/* The classes must not change the answer: every pair is asked one by one, too. */
static void same_as_one_by_one(void **state)
{
	unsigned seed = 7;

	(void)state;
	for (int round = 0; round < POLICIES; round++) {
		struct ls_arena *arena = ls_arena_new(1 << 16);
		struct acl_policy before = random_policy(arena, &seed);
		struct acl_policy after = random_policy(arena, &seed);
		size_t gained = 0, lost = 0, one_way = 0;
		struct acl_diff diff;

		assert_int_equal(proto_acl_diff(&before, &after, nodes, NODES, &diff), 0);
		for (size_t a = 0; a < NODES; a++) {
			for (size_t b = a + 1; b < NODES; b++) {
				bool was = proto_acl_mutual(&before, &nodes[a], &nodes[b]);
				bool is = proto_acl_mutual(&after, &nodes[a], &nodes[b]);

				gained += is && !was;
				lost += was && !is;
				assert_int_equal(listed(diff.gained, diff.gained_listed, a, b),
				                 is && !was);
				assert_int_equal(listed(diff.lost, diff.lost_listed, a, b),
				                 was && !is);
			}
		}
		for (size_t a = 0; a < NODES; a++) {
			for (size_t b = 0; b < NODES; b++) {
				bool only =
				        proto_acl_evaluate(&after, &nodes[a], &nodes[b]).allowed &&
				        !proto_acl_mutual(&after, &nodes[a], &nodes[b]);

				one_way += only;
				assert_int_equal(listed(diff.one_way, diff.one_way_listed, a, b),
				                 only);
			}
		}
		assert_int_equal(diff.gained_count, gained);
		assert_int_equal(diff.lost_count, lost);
		assert_int_equal(diff.one_way_count, one_way);
		for (size_t i = 1; i < diff.lost_listed; i++)
			assert_true(diff.lost[i - 1].a < diff.lost[i].a ||
			            (diff.lost[i - 1].a == diff.lost[i].a &&
			             diff.lost[i - 1].b < diff.lost[i].b));
		proto_acl_diff_done(&diff);
		ls_arena_free(arena);
	}
}

static void a_large_network(void **state)
{
	const size_t count = 3000;
	struct acl_subject *many = ls_try_array(count, sizeof(*many));
	struct ls_arena *arena = ls_arena_new(1 << 16);
	struct acl_policy open = parse(arena, "{}");
	struct acl_policy none = parse(arena, "{\"default_action\":\"deny\"}");
	struct acl_diff diff;

	(void)state;
	assert_non_null(many);
	for (size_t i = 0; i < count; i++)
		many[i] = nodes[i % NODES];
	assert_int_equal(proto_acl_diff(&open, &none, many, count, &diff), 0);
	assert_int_equal(diff.lost_count, count * (count - 1) / 2);
	assert_int_equal(diff.lost_listed, ACL_DIFF_PAIRS_MAX);
	proto_acl_diff_done(&diff);
	ls_arena_free(arena);
	free(many);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(words),
	        cmocka_unit_test(same_as_one_by_one),
	        cmocka_unit_test(a_large_network),
	};

	return cmocka_run_group_tests_name("proto_acl_diff", tests, make_nodes, NULL);
}
