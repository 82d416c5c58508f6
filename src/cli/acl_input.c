/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/acl_input.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/files.h"
#include "base/str.h"
#include "cli/command.h"
#include "model/json.h"

enum {
	POLICY_FILE_MAX = 4 << 20,
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
	const char *near = cli_suggest_choice(names, name);
	char text[PLACE_TEXT];

	(void)snprintf(text, sizeof(text), "%s", name);
	ls_str_mask_control(text);
	return ls_fail_set(fail, LS_ERROR_BAD_VALUE, "%s has no member \"%s\"%s%s%s", place, text,
	                   near ? "; did you mean \"" : "", near ? near : "", near ? "\"?" : "");
}

/* What is no object is the decoder's affair. */
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

static int check_policy(const json_t *policy, struct ls_fail *fail)
{
	const json_t *rules = json_object_get(policy, "rules");
	int r = check_members(policy, "a policy", policy_members, fail);

	for (size_t i = 0; r == 0 && i < json_array_size(rules); i++)
		r = check_rule(json_array_get(rules, i), i, fail);
	return r;
}

int acl_input_read(const struct cli_args *args, struct ls_arena *arena, struct acl_policy *ret,
                   struct ls_fail *fail)
{
	const char *file = cli_text(args, "file");
	const char *what = file ? file : "--json";
	struct acl_policy policy = {0};
	char *text = NULL;
	size_t len = 0;
	json_t *json = NULL;
	int r = 0;

	if (file) {
		r = ls_file_read(file, POLICY_FILE_MAX, &text, &len, fail);
	} else {
		text = ls_strdup(cli_text(args, "json"));
		len = strlen(text);
	}
	if (r == 0)
		r = json_parse(text, len, POLICY_FILE_MAX, what, &json, fail);
	free(text);
	if (r < 0)
		return r;
	r = check_policy(json, fail);
	if (r == 0)
		r = acl_policy_decode(json, arena, &policy, fail);
	json_decref(json);
	if (r < 0)
		return ls_fail_prefix(fail, "%s", what);
	*ret = policy;
	return 0;
}
