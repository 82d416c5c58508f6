/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/acl_members.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/nearest.h"
#include "base/utf8.h"

enum {
	PLACE_TEXT = 64,
};

static const char *const policy_members[] = {"default_action", "rules", NULL};
static const char *const rule_members[] = {"action", "src", "dst", NULL};
static const char *const selector_members[] = {"any", "tags", "node_ids", "names", NULL};

static bool is_one_of(const char *const *names, const char *name)
{
	while (*names && strcmp(*names, name) != 0)
		names++;
	return *names != NULL;
}

static int unknown(const char *place, const char *name, const char *const *names,
                   struct ls_fail *fail)
{
	struct ls_nearest nearest;
	char text[PLACE_TEXT];
	const char *near;

	ls_nearest_init(&nearest, name);
	for (size_t i = 0; names[i]; i++)
		ls_nearest_consider(&nearest, names[i], names[i]);
	near = nearest.best;
	(void)snprintf(text, sizeof(text), "%s", name);
	ls_str_mask_control(text);
	return ls_fail_set(fail, LS_ERROR_BAD_VALUE, "%s has no member \"%s\"%s%s%s", place, text,
	                   near ? "; did you mean \"" : "", near ? near : "", near ? "\"?" : "");
}

/* Accepts a value that is not an object: the decoder refuses it. */
static int check_members(const json_t *object, const char *place, const char *const *names,
                         struct ls_fail *fail)
{
	for (void *it = json_object_iter((json_t *)(uintptr_t)object); it;
	     it = json_object_iter_next((json_t *)(uintptr_t)object, it)) {
		if (!is_one_of(names, json_object_iter_key(it)))
			return unknown(place, json_object_iter_key(it), names, fail);
	}
	return 0;
}

static int check_rule(const json_t *rule, size_t number, struct ls_fail *fail)
{
	char place[PLACE_TEXT];
	int r;

	(void)snprintf(place, sizeof(place), "rules[%zu]", number);
	r = check_members(rule, place, rule_members, fail);
	(void)snprintf(place, sizeof(place), "rules[%zu].src", number);
	if (r == 0)
		r = check_members(json_object_get(rule, "src"), place, selector_members, fail);
	(void)snprintf(place, sizeof(place), "rules[%zu].dst", number);
	if (r == 0)
		r = check_members(json_object_get(rule, "dst"), place, selector_members, fail);
	return r;
}

int proto_acl_members_check(const json_t *policy, struct ls_fail *fail)
{
	const json_t *rules = json_object_get(policy, "rules");
	int r = check_members(policy, "a policy", policy_members, fail);

	for (size_t i = 0; r == 0 && i < json_array_size(rules); i++)
		r = check_rule(json_array_get(rules, i), i, fail);
	return r;
}
