/* SPDX-License-Identifier: Apache-2.0 */
/* Access policies as JSON, as an admin writes them: one that decodes is encoded to a text, the form
 * in which the server stores it, that decodes to the same policy and decides the same. */
#include <stdlib.h>
#include <string.h>

#include "proto/acl.h"
#include "proto/acl_members.h"
#include "proto/limits.h"
#include "tests/fuzz/fuzz.h"
#include "json/json.h"

enum {
	BODY_MAX = 1 << 16,
	SUBJECTS = 5,
};

/* Names and tags that the corpus uses. */
static const char *const tags[] = {"laptop", "server"};
static const struct acl_subject subjects[SUBJECTS] = {
        {.id = "id-a", .name = "alpha"},
        {.id = "id-b", .name = "Beta", .tags = {.items = tags, .count = 1}},
        {.id = "id-c", .name = "gamma", .tags = {.items = tags + 1, .count = 1}},
        {.id = "id-d", .name = "delta", .tags = {.items = tags, .count = 2}},
        {.id = "", .name = ""},
};

static void check_decisions(const struct acl_policy *once, const struct acl_policy *again)
{
	for (size_t i = 0; i < SUBJECTS; i++) {
		for (size_t k = 0; k < SUBJECTS; k++) {
			struct acl_verdict x = proto_acl_evaluate(once, &subjects[i], &subjects[k]);
			struct acl_verdict y =
			        proto_acl_evaluate(again, &subjects[i], &subjects[k]);
			bool mutual = proto_acl_mutual(once, &subjects[i], &subjects[k]);

			FUZZ_CHECK(x.allowed == y.allowed && x.rule == y.rule);
			FUZZ_CHECK(x.rule >= ACL_RULE_DEFAULT && x.rule < (int)once->rule_count);
			FUZZ_CHECK(mutual == proto_acl_mutual(once, &subjects[k], &subjects[i]));
			FUZZ_CHECK(!mutual || x.allowed);
			FUZZ_CHECK(proto_acl_sees(once, &subjects[i], &subjects[k]) ==
			           (once->sight == ACL_SIGHT_ONE_WAY ? x.allowed : mutual));
		}
	}
}

static void check_round_trip(const struct acl_policy *policy, struct ls_arena *arena)
{
	json_t *encoded = proto_acl_policy_encode(policy), *parsed = NULL, *twice;
	char *text = encoded ? json_dumps(encoded, JSON_COMPACT) : NULL;
	struct acl_policy again;
	struct ls_fail fail;

	FUZZ_CHECK(text);
	FUZZ_CHECK(json_parse(text, strlen(text), SIZE_MAX, "stored", &parsed, &fail) == 0);
	FUZZ_CHECK(proto_acl_members_unknown(parsed, NULL, NULL) == 0);
	FUZZ_CHECK(proto_acl_policy_decode(parsed, arena, &again, &fail) == 0);
	FUZZ_CHECK(again.rule_count == policy->rule_count);
	twice = proto_acl_policy_encode(&again);
	FUZZ_CHECK(json_equal(encoded, twice));
	check_decisions(policy, &again);
	free(text);
	json_decref(encoded);
	json_decref(parsed);
	json_decref(twice);
}

static void on_unknown(void *arg, const char *text)
{
	(void)arg;
	FUZZ_CHECK(strstr(text, " has no member "));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* Twice what one request may need: it holds the policy that is decoded again, too. */
	struct ls_arena *arena = ls_arena_new(2 * (size_t)LIMIT_REQUEST_ARENA);
	struct ls_fail fail = {0};
	json_t *json = NULL;
	struct acl_policy policy;

	if (json_parse((const char *)data, size, BODY_MAX, "policy", &json, &fail) < 0) {
		FUZZ_CHECK(fail.text[0] != '\0');
	} else {
		(void)proto_acl_members_unknown(json, on_unknown, NULL);
		if (proto_acl_policy_decode(json, arena, &policy, &fail) < 0)
			FUZZ_CHECK(strncmp(fail.text, "policy", strlen("policy")) == 0);
		else
			check_round_trip(&policy, arena);
	}
	json_decref(json);
	ls_arena_free(arena);
	return 0;
}
