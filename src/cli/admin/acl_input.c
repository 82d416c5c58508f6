/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/admin/acl_input.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/files.h"
#include "base/str.h"
#include "cli/frame/output.h"
#include "proto/acl_members.h"
#include "json/json.h"

enum {
	POLICY_FILE_MAX = 4 << 20,
};

/* The unknown members of a policy: the first one is a failure, or each is noted. */
struct strangers {
	bool strict;
	struct ls_fail first;
};

static void on_stranger(void *arg, const char *text)
{
	struct strangers *strangers = arg;

	if (!strangers->strict)
		cli_note("The policy: %s It is ignored; --strict refuses it.", text);
	else if (strangers->first.code == 0)
		(void)ls_fail_set(&strangers->first, LS_ERROR_BAD_VALUE, "%s", text);
}

int admin_acl_input_read(const struct cli_args *args, struct ls_arena *arena,
                         struct acl_policy *ret, struct ls_fail *fail)
{
	const char *file = cli_text(args, "file");
	const char *what = file ? file : "--json";
	struct strangers strangers = {.strict = cli_given(args, "strict")};
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
	r = proto_acl_policy_decode(json, arena, &policy, fail);
	if (r == 0 && proto_acl_members_unknown(json, on_stranger, &strangers) > 0 &&
	    strangers.strict)
		r = ls_fail_set(fail, LS_ERROR_BAD_VALUE, "%s", strangers.first.text);
	json_decref(json);
	if (r < 0)
		return ls_fail_prefix(fail, "%s", what);
	*ret = policy;
	return 0;
}
