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
	LINE_TEXT = 3 * PLACE_TEXT,
};

static const char *const policy_members[] = {"default_action", "rules", "sight", NULL};
static const char *const rule_members[] = {"action", "src", "dst", NULL};
static const char *const selector_members[] = {"any", "tags", "node_ids", "names", NULL};

static bool is_one_of(const char *const *names, const char *name)
{
	while (*names && strcmp(*names, name) != 0)
		names++;
	return *names != NULL;
}

struct finding {
	acl_unknown_fn fn;
	void *arg;
	size_t count;
};

static void note_unknown(struct finding *finding, const char *place, const char *name,
                         const char *const *names)
{
	struct ls_nearest nearest;
	char shown[PLACE_TEXT], text[LINE_TEXT];

	finding->count++;
	if (!finding->fn)
		return;
	ls_nearest_init(&nearest, name);
	for (size_t i = 0; names[i]; i++)
		ls_nearest_consider(&nearest, names[i], names[i]);
	(void)snprintf(shown, sizeof(shown), "%s", name);
	ls_str_mask_control(shown);
	(void)snprintf(text, sizeof(text), "%s has no member \"%s\"%s%s%s", place, shown,
	               nearest.best ? "; did you mean \"" : "", nearest.best ? nearest.best : "",
	               nearest.best ? "\"?" : "");
	finding->fn(finding->arg, text);
}

static void find_in(struct finding *finding, const json_t *object, const char *place,
                    const char *const *names)
{
	for (void *it = json_object_iter((json_t *)(uintptr_t)object); it;
	     it = json_object_iter_next((json_t *)(uintptr_t)object, it)) {
		if (!is_one_of(names, json_object_iter_key(it)))
			note_unknown(finding, place, json_object_iter_key(it), names);
	}
}

static void find_in_rule(struct finding *finding, const json_t *rule, size_t number)
{
	static const char *const ends[] = {"src", "dst"};
	char place[PLACE_TEXT];

	(void)snprintf(place, sizeof(place), "rules[%zu]", number);
	find_in(finding, rule, place, rule_members);
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		(void)snprintf(place, sizeof(place), "rules[%zu].%s", number, ends[i]);
		find_in(finding, json_object_get(rule, ends[i]), place, selector_members);
	}
}

size_t proto_acl_members_unknown(const json_t *policy, acl_unknown_fn fn, void *arg)
{
	struct finding finding = {.fn = fn, .arg = arg};
	const json_t *rules = json_object_get(policy, "rules");

	find_in(&finding, policy, "a policy", policy_members);
	for (size_t i = 0; i < json_array_size(rules); i++)
		find_in_rule(&finding, json_array_get(rules, i), i);
	return finding.count;
}
