/* SPDX-License-Identifier: Apache-2.0 */
#include "profile/paths.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "proto/names.h"

static const char *absolute_variable(const char *name)
{
	const char *value = getenv(name);

	return value && value[0] == '/' ? value : NULL;
}

/* a + middle + b */
static int join(const char *a, const char *middle, const char *b, char **ret, struct ls_fail *fail)
{
	char *path = NULL;

	if (asprintf(&path, "%s%s%s", a, middle, b) < 0)
		return ls_fail_set(fail, -ENOMEM, "out of memory");
	*ret = path;
	return 0;
}

/* *ret = base/lightscale/leaf, where base is $variable, else $HOME/below_home. */
static int in_base(const char *variable, const char *below_home, const char *leaf, char **ret,
                   struct ls_fail *fail)
{
	const char *base = absolute_variable(variable);
	const char *home = absolute_variable("HOME");
	char *parent = NULL;
	int r;

	if (!base && !home)
		return ls_fail_set(fail, LS_ERROR_USAGE,
		                   "neither %s nor HOME is set: say --config and --state-dir",
		                   variable);
	r = base ? join(base, "", "", &parent, fail) : join(home, "/", below_home, &parent, fail);
	if (r < 0)
		return r;
	r = join(parent, "/lightscale/", leaf, ret, fail);
	free(parent);
	return r;
}

int profile_path_default_config(char **ret, struct ls_fail *fail)
{
	return in_base("XDG_CONFIG_HOME", ".config", "config.json", ret, fail);
}

int profile_path_default_state_dir(const char *profile, char **ret, struct ls_fail *fail)
{
	int r = proto_name_check_profile(profile, fail);

	return r < 0 ? r : in_base("XDG_DATA_HOME", ".local/share", profile, ret, fail);
}

int profile_path_state_file(const char *state_dir, char **ret, struct ls_fail *fail)
{
	return join(state_dir, "/", "state.json", ret, fail);
}
