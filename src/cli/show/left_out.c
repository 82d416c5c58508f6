/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/show/left_out.h"

#include <stdio.h>

#include "json/json.h"

void show_left_out_print(const struct plan *plan)
{
	if (plan->skip_count > 0)
		(void)putchar('\n');
	for (size_t i = 0; i < plan->skip_count; i++)
		(void)printf("left out: %s: %s\n", plan->skips[i].what, plan->skips[i].reason);
}

static json_t *encode_skip(const struct plan_skip *skip)
{
	struct json_writer w = json_begin();

	json_put_string(&w, "what", skip->what);
	json_put_string(&w, "reason", skip->reason);
	return json_finish(&w);
}

json_t *show_left_out_json(const struct plan *plan)
{
	json_t *list = json_array();
	bool ok = list != NULL;

	for (size_t i = 0; ok && plan && i < plan->skip_count; i++)
		ok = json_append(list, encode_skip(&plan->skips[i]));
	if (ok)
		return list;
	json_decref(list);
	return NULL;
}

json_t *show_left_out_add(json_t *object, const struct plan *plan)
{
	if (object && json_object_set_new(object, "left_out", show_left_out_json(plan)) == 0)
		return object;
	json_decref(object);
	return NULL;
}
