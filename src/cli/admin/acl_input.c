/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/admin/acl_input.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/files.h"
#include "base/str.h"
#include "proto/acl_members.h"
#include "json/json.h"

enum {
	POLICY_FILE_MAX = 4 << 20,
};

int admin_acl_input_read(const struct cli_args *args, struct ls_arena *arena,
                         struct acl_policy *ret, struct ls_fail *fail)
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
	r = proto_acl_members_check(json, fail);
	if (r == 0)
		r = proto_acl_policy_decode(json, arena, &policy, fail);
	json_decref(json);
	if (r < 0)
		return ls_fail_prefix(fail, "%s", what);
	*ret = policy;
	return 0;
}
