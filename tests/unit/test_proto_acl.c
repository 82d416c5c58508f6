/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "proto/acl.h"
#include "json/json.h"

static const char *const dev[] = {"dev"};
static const char *const dev_ops[] = {"dev", "ops"};

static const struct acl_subject laptop = {.id = "i1", .name = "Laptop", .tags = {dev, 1}};
static const struct acl_subject server = {.id = "i2", .name = "server", .tags = {dev_ops, 2}};
static const struct acl_subject phone = {.id = "i3", .name = "phone"};

static void selectors(void **state)
{
	static const struct {
		const char *text;
		bool laptop;
		bool server;
		bool phone;
	} cases[] = {
	        {"{}", true, true, true},
	        {"{\"any\":true,\"tags\":[\"none\"]}", true, true, true},
	        {"{\"any\":false}", true, true, true},
	        {"{\"tags\":[],\"node_ids\":[],\"names\":[]}", true, true, true},
	        {"{\"tags\":[\"dev\"]}", true, true, false},
	        {"{\"tags\":[\"DEV\"]}", false, false, false},
	        {"{\"tags\":[\"ops\",\"x\"]}", false, true, false},
	        {"{\"names\":[\"LAPTOP\"]}", true, false, false},
	        {"{\"node_ids\":[\"i3\"]}", false, false, true},
	        {"{\"node_ids\":[\"I3\"]}", false, false, false},
	        {"{\"tags\":[\"ops\"],\"names\":[\"phone\"]}", false, true, true},
	        {"{\"tags\":[\"ops\"],\"node_ids\":[\"i1\"],\"names\":[\"phone\"]}", true, true,
	         true},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct ls_arena *arena = ls_arena_new(1 << 16);
		struct acl_policy policy;
		char text[256];
		json_t *json = NULL;

		(void)snprintf(text, sizeof(text),
		               "{\"rules\":[{\"action\":\"deny\",\"src\":%s,\"dst\":{}}]}",
		               cases[i].text);
		assert_int_equal(json_parse(text, strlen(text), 1024, "acl", &json, NULL), 0);
		assert_int_equal(proto_acl_policy_decode(json, arena, &policy, NULL), 0);
		assert_int_equal(proto_acl_selector_matches(&policy.rules[0].src, &laptop),
		                 cases[i].laptop);
		assert_int_equal(proto_acl_selector_matches(&policy.rules[0].src, &server),
		                 cases[i].server);
		assert_int_equal(proto_acl_selector_matches(&policy.rules[0].src, &phone),
		                 cases[i].phone);
		json_decref(json);
		ls_arena_free(arena);
	}
}

static void first_match_decides(void **state)
{
	static const char *const phone_name[] = {"phone"};
	const struct acl_rule rules[] = {
	        {.action = ACL_ALLOW, .src = {.names = {phone_name, 1}}, .dst = {.tags = {dev, 1}}},
	        {.action = ACL_DENY, .src = {.names = {phone_name, 1}}},
	        {.action = ACL_ALLOW, .src = {.names = {phone_name, 1}}},
	};
	const struct acl_policy policy = {.rules = rules, .rule_count = 3};
	const struct acl_policy closed = {
	        .default_action = ACL_DENY, .rules = rules, .rule_count = 1};
	const struct acl_policy none = {0};
	struct acl_verdict verdict;

	(void)state;
	verdict = proto_acl_evaluate(&policy, &phone, &laptop);
	assert_true(verdict.allowed);
	assert_int_equal(verdict.rule, 0);
	verdict = proto_acl_evaluate(&policy, &phone, &phone);
	assert_false(verdict.allowed);
	assert_int_equal(verdict.rule, 1);
	verdict = proto_acl_evaluate(&policy, &laptop, &phone);
	assert_true(verdict.allowed);
	assert_int_equal(verdict.rule, ACL_RULE_DEFAULT);
	verdict = proto_acl_evaluate(&closed, &laptop, &phone);
	assert_false(verdict.allowed);
	assert_int_equal(verdict.rule, ACL_RULE_DEFAULT);
	assert_true(proto_acl_evaluate(&closed, &phone, &server).allowed);
	assert_true(proto_acl_evaluate(&none, &phone, &server).allowed);
}

static void sight(void **state)
{
	static const char *const phone_name[] = {"phone"};
	const struct acl_rule rule = {.action = ACL_ALLOW, .src = {.names = {phone_name, 1}}};
	struct acl_policy policy = {.default_action = ACL_DENY, .rules = &rule, .rule_count = 1};

	(void)state;
	assert_false(proto_acl_sees(&policy, &phone, &laptop));
	policy.sight = ACL_SIGHT_MUTUAL;
	assert_false(proto_acl_sees(&policy, &phone, &laptop));
	policy.sight = ACL_SIGHT_ONE_WAY;
	assert_true(proto_acl_sees(&policy, &phone, &laptop));
	assert_false(proto_acl_sees(&policy, &laptop, &phone));
	assert_false(proto_acl_mutual(&policy, &phone, &laptop));
}

/* A policy of v1 comes back without the member. */
static void sight_is_kept(void **state)
{
	static const char *const texts[] = {
	        "{\"default_action\":\"allow\",\"rules\":[]}",
	        "{\"default_action\":\"allow\",\"rules\":[],\"sight\":\"mutual\"}",
	        "{\"default_action\":\"deny\",\"rules\":[],\"sight\":\"one-way\"}",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct ls_arena *arena = ls_arena_new(1 << 16);
		json_t *json = json_loads(texts[i], 0, NULL), *again;
		struct acl_policy policy;

		assert_int_equal(proto_acl_policy_decode(json, arena, &policy, NULL), 0);
		again = proto_acl_policy_encode(&policy);
		assert_true(json_equal(json, again));
		json_decref(json);
		json_decref(again);
		ls_arena_free(arena);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(selectors),
	        cmocka_unit_test(first_match_decides),
	        cmocka_unit_test(sight),
	        cmocka_unit_test(sight_is_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
