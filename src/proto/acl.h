/* SPDX-License-Identifier: Apache-2.0 */
/* Access policy of a network (docs/protocol.md, "Types": AclPolicy, Selector) and its evaluation.
 * The first matching rule decides; if none matches, the default action. */
#ifndef LS_PROTO_ACL_H
#define LS_PROTO_ACL_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/string_list.h"

enum acl_action {
	ACL_ALLOW,
	ACL_DENY,
};

/* Matches when `any`, when all lists are empty, or when one of them names the node; a rule may lack
 * a selector, which then matches every node. Tags and ids are compared exactly, names without
 * regard to case. */
struct acl_selector {
	bool any;
	struct string_list tags;
	struct string_list node_ids;
	struct string_list names;
};

struct acl_rule {
	enum acl_action action;
	struct acl_selector src;
	struct acl_selector dst;
};

/* What a policy that allows one direction between two nodes lets them see. */
enum acl_sight {
	ACL_SIGHT_UNSAID,  /* as mutual */
	ACL_SIGHT_MUTUAL,  /* a node sees another when both directions are allowed */
	ACL_SIGHT_ONE_WAY, /* when the direction from it to the other is allowed, as v1 servers do
	                    */
};

struct acl_policy {
	enum acl_action default_action; /* zero value: allow, the protocol's default */
	enum acl_sight sight;
	const struct acl_rule *rules;
	size_t rule_count;
};

/* The fields of a node that a selector compares. */
struct acl_subject {
	const char *id;
	const char *name;
	struct string_list tags;
};

enum {
	ACL_RULE_DEFAULT = -1, /* no rule matched */
};

struct acl_verdict {
	bool allowed;
	int rule; /* index of the rule that decided, or ACL_RULE_DEFAULT */
};

bool proto_acl_selector_matches(const struct acl_selector *selector,
                                const struct acl_subject *subject);
struct acl_verdict proto_acl_evaluate(const struct acl_policy *policy,
                                      const struct acl_subject *src, const struct acl_subject *dst);

/* True when two nodes can see each other: when the policy allows both directions, whatever its
 * sight is. A tunnel needs both ends, and a policy that denies A -> B must not give A another way
 * to B. With the default action "deny", two nodes therefore need a rule for each direction. */
bool proto_acl_mutual(const struct acl_policy *policy, const struct acl_subject *a,
                      const struct acl_subject *b);
/* True when the viewer's netmap has the peer, if both are active. */
bool proto_acl_sees(const struct acl_policy *policy, const struct acl_subject *viewer,
                    const struct acl_subject *peer);

/* "allow", "deny" */
const char *proto_acl_action_name(enum acl_action action);
/* "mutual", "one-way"; NULL when unsaid. */
const char *proto_acl_sight_name(enum acl_sight sight);

/* Decodes a policy, which points into `arena`. */
int proto_acl_policy_decode(const json_t *json, struct ls_arena *arena, struct acl_policy *ret,
                            struct ls_fail *fail) LS_MUST_CHECK;
/* The same inside `{"policy": ..}`, the body of PUT and its answer. */
int proto_acl_request_decode(const json_t *json, struct ls_arena *arena, struct acl_policy *ret,
                             struct ls_fail *fail) LS_MUST_CHECK;
/* Return new references, NULL when out of memory. */
json_t *proto_acl_policy_encode(const struct acl_policy *policy);
json_t *proto_acl_request_encode(const struct acl_policy *policy);

#endif
