/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/acl.h"

#include <string.h>
#include <strings.h>

#include "base/str.h"
#include "proto/limits.h"
#include "json/json.h"

static const char *const action_names[] = {
        [ACL_ALLOW] = "allow",
        [ACL_DENY] = "deny",
};

static const char *const sight_names[] = {
        [ACL_SIGHT_UNSAID] = NULL,
        [ACL_SIGHT_MUTUAL] = "mutual",
        [ACL_SIGHT_ONE_WAY] = "one-way",
};

static bool list_has(const struct string_list *list, const char *s)
{
	for (size_t i = 0; i < list->count; i++) {
		if (strcmp(list->items[i], s) == 0)
			return true;
	}
	return false;
}

bool proto_acl_selector_matches(const struct acl_selector *selector,
                                const struct acl_subject *subject)
{
	if (selector->any || (selector->tags.count == 0 && selector->node_ids.count == 0 &&
	                      selector->names.count == 0))
		return true;
	if (list_has(&selector->node_ids, subject->id))
		return true;
	for (size_t i = 0; i < selector->names.count; i++) {
		if (strcasecmp(selector->names.items[i], subject->name) == 0)
			return true;
	}
	for (size_t i = 0; i < subject->tags.count; i++) {
		if (list_has(&selector->tags, subject->tags.items[i]))
			return true;
	}
	return false;
}

struct acl_verdict proto_acl_evaluate(const struct acl_policy *policy,
                                      const struct acl_subject *src, const struct acl_subject *dst)
{
	for (size_t i = 0; i < policy->rule_count; i++) {
		const struct acl_rule *rule = &policy->rules[i];

		if (proto_acl_selector_matches(&rule->src, src) &&
		    proto_acl_selector_matches(&rule->dst, dst))
			return (struct acl_verdict){.allowed = rule->action == ACL_ALLOW,
			                            .rule = (int)i};
	}
	return (struct acl_verdict){.allowed = policy->default_action == ACL_ALLOW,
	                            .rule = ACL_RULE_DEFAULT};
}

bool proto_acl_mutual(const struct acl_policy *policy, const struct acl_subject *a,
                      const struct acl_subject *b)
{
	return proto_acl_evaluate(policy, a, b).allowed && proto_acl_evaluate(policy, b, a).allowed;
}

bool proto_acl_sees(const struct acl_policy *policy, const struct acl_subject *viewer,
                    const struct acl_subject *peer)
{
	if (policy->sight == ACL_SIGHT_ONE_WAY)
		return proto_acl_evaluate(policy, viewer, peer).allowed;
	return proto_acl_mutual(policy, viewer, peer);
}

const char *proto_acl_action_name(enum acl_action action)
{
	return action_names[action];
}

const char *proto_acl_sight_name(enum acl_sight sight)
{
	return sight_names[sight];
}

/* With `fallback` NULL the member is required. */
static enum acl_action read_action(const struct json_at *at, const char *name, const char *fallback)
{
	struct json_at member = json_member(at, name);
	const char *s = fallback ? json_read_string_or(at, name, LIMIT_READ_LEN, fallback)
	                         : json_read_string(at, name, LIMIT_READ_LEN);

	if (ls_streq(s, action_names[ACL_ALLOW]))
		return ACL_ALLOW;
	if (!ls_streq(s, action_names[ACL_DENY]))
		json_fail(&member, LS_ERROR_BAD_VALUE, "neither \"allow\" nor \"deny\"");
	return ACL_DENY;
}

static enum acl_sight read_sight(const struct json_at *at)
{
	struct json_at member = json_member(at, "sight");
	const char *s;

	if (!json_present(&member))
		return ACL_SIGHT_UNSAID;
	s = json_read_string(at, "sight", LIMIT_READ_LEN);
	if (ls_streq(s, sight_names[ACL_SIGHT_MUTUAL]))
		return ACL_SIGHT_MUTUAL;
	if (!ls_streq(s, sight_names[ACL_SIGHT_ONE_WAY]))
		json_fail(&member, LS_ERROR_BAD_VALUE, "neither \"mutual\" nor \"one-way\"");
	return ACL_SIGHT_ONE_WAY;
}

static void read_selector(const struct json_at *at, const char *name, struct acl_selector *ret)
{
	struct json_at selector = json_member(at, name);

	*ret = (struct acl_selector){0};
	if (!json_present(&selector))
		return; /* matches every node */
	*ret = (struct acl_selector){
	        .any = json_read_bool_or(&selector, "any", false),
	        .tags = json_read_strings(&selector, "tags", LIMIT_ACL_SELECTOR, LIMIT_READ_LEN),
	        .node_ids =
	                json_read_strings(&selector, "node_ids", LIMIT_ACL_SELECTOR, LIMIT_ID_LEN),
	        .names = json_read_strings(&selector, "names", LIMIT_ACL_SELECTOR, LIMIT_READ_LEN),
	};
}

static void read_policy(const struct json_at *at, struct acl_policy *ret)
{
	struct json_at list = json_member(at, "rules");
	size_t n = json_count(&list, LIMIT_ACL_RULES);
	struct acl_rule *rules = json_alloc(at->decoder, n, sizeof(*rules));

	ret->default_action = read_action(at, "default_action", action_names[ACL_ALLOW]);
	ret->sight = read_sight(at);
	for (size_t i = 0; rules && i < n && at->decoder->code == 0; i++) {
		struct json_at item = json_item(&list, i);

		rules[i].action = read_action(&item, "action", NULL);
		read_selector(&item, "src", &rules[i].src);
		read_selector(&item, "dst", &rules[i].dst);
	}
	ret->rules = rules;
	ret->rule_count = n;
}

int proto_acl_policy_decode(const json_t *json, struct ls_arena *arena, struct acl_policy *ret,
                            struct ls_fail *fail)
{
	struct json_decoder decoder = {.arena = arena, .fail = fail};
	struct json_at root = json_root(&decoder, json, "policy");
	struct acl_policy policy = {0};

	read_policy(&root, &policy);
	if (decoder.code == 0)
		*ret = policy;
	return decoder.code;
}

int proto_acl_request_decode(const json_t *json, struct ls_arena *arena, struct acl_policy *ret,
                             struct ls_fail *fail)
{
	struct json_decoder decoder = {.arena = arena, .fail = fail};
	struct json_at root = json_root(&decoder, json, "body");
	struct json_at member = json_member(&root, "policy");
	struct acl_policy policy = {0};

	read_policy(&member, &policy);
	if (decoder.code == 0)
		*ret = policy;
	return decoder.code;
}

static json_t *encode_selector(const struct acl_selector *selector)
{
	struct json_writer w = json_begin();

	json_put_bool(&w, "any", selector->any);
	json_put_strings(&w, "tags", selector->tags);
	json_put_strings(&w, "node_ids", selector->node_ids);
	json_put_strings(&w, "names", selector->names);
	return json_finish(&w);
}

static json_t *encode_rule(const struct acl_rule *rule)
{
	struct json_writer w = json_begin();

	json_put_string(&w, "action", action_names[rule->action]);
	json_put(&w, "src", encode_selector(&rule->src));
	json_put(&w, "dst", encode_selector(&rule->dst));
	return json_finish(&w);
}

json_t *proto_acl_policy_encode(const struct acl_policy *policy)
{
	struct json_writer w = json_begin();
	json_t *rules = json_array();

	for (size_t i = 0; i < policy->rule_count; i++)
		w.failed |= !json_append(rules, encode_rule(&policy->rules[i]));
	json_put_string(&w, "default_action", action_names[policy->default_action]);
	json_put(&w, "rules", rules);
	/* Servers and clients of v1 do not have the member: leave it out unless it was given. */
	if (policy->sight != ACL_SIGHT_UNSAID)
		json_put_string(&w, "sight", sight_names[policy->sight]);
	return json_finish(&w);
}

json_t *proto_acl_request_encode(const struct acl_policy *policy)
{
	struct json_writer w = json_begin();

	json_put(&w, "policy", proto_acl_policy_encode(policy));
	return json_finish(&w);
}
