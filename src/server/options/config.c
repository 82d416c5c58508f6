/* SPDX-License-Identifier: Apache-2.0 */
#include "server/options/config.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/files.h"
#include "base/log.h"
#include "base/mem.h"
#include "server/options/set.h"
#include "server/state/secrets.h"
#include "json/json.h"

enum {
	CONFIG_MAX = 1 << 20
};

static int bad_value(const char *path, const char *name, const char *why, struct ls_fail *fail)
{
	return ls_fail_set(fail, LS_ERROR_USAGE, "%s: \"%s\": %s", path, name, why);
}

static int take_text(struct options *options, int option, const json_t *value, const char *path,
                     struct ls_fail *fail)
{
	char *copy = ls_strdup(json_string_value(value));
	size_t len = strlen(copy);
	int r = options_set(options, (enum option_value)option, copy, fail);

	state_secret_wipe(copy, len);
	free(copy);
	return r < 0 ? ls_fail_prefix(fail, "%s", path) : 0;
}

static bool is_list(int option)
{
	switch (option) {
	case OPTION_STATE:
	case OPTION_TLS_CERT:
	case OPTION_TLS_KEY:
	case OPTION_ADMIN_TOKEN:
	case OPTION_ADMIN_TOKEN_FILE:
	case OPTION_USER:
	case OPTION_SANDBOX:
	case OPTION_REUSE_ADDRESSES:
		return false;
	default:
		return true;
	}
}

/* An option without a value: true is the same as to give it, false the same as to leave it out. */
static int take_flag(struct options *options, int option, const json_t *value, const char *path,
                     const char *name, struct ls_fail *fail)
{
	char none[] = "";

	if (!json_is_boolean(value))
		return bad_value(path, name, "must be true or false", fail);
	return json_is_true(value) ? options_set(options, (enum option_value)option, none, fail)
	                           : 0;
}

static int take_member(struct options *options, const char *path, const char *name,
                       const json_t *value, struct ls_fail *fail)
{
	int option = options_by_name(name), r = 0;

	if (option == 0) {
		(void)options_unknown("", name, fail);
		return ls_fail_prefix(fail, "%s", path);
	}
	if (option == OPTION_ALLOW_WEAK_ADMIN_TOKEN)
		return take_flag(options, option, value, path, name, fail);
	if (json_is_string(value))
		return options->given & 1U << option
		               ? 0
		               : take_text(options, option, value, path, fail);
	if (!is_list(option))
		return bad_value(path, name, "must be a string", fail);
	if (!json_is_array(value))
		return bad_value(path, name, "must be a string or an array of strings", fail);
	for (size_t i = 0; r == 0 && i < json_array_size(value); i++) {
		const json_t *item = json_array_get(value, i);

		if (!json_is_string(item))
			return bad_value(path, name, "must be an array of strings", fail);
		if (!(options->given & 1U << option))
			r = take_text(options, option, item, path, fail);
	}
	return r;
}

/* A token on the command line, of either option, overrides both token options of the file. */
static void settle_token(struct options *options)
{
	const uint32_t token = 1U << OPTION_ADMIN_TOKEN | 1U << OPTION_ADMIN_TOKEN_FILE;

	if (options->given & token)
		options->given |= token;
}

static void warn_if_readable(const char *path, const json_t *json)
{
	struct stat st;

	if (json_object_get(json, "admin-token") && stat(path, &st) == 0 &&
	    (st.st_mode & S_IROTH) != 0)
		ls_warn("options.readable",
		        "file=\"%s\" error=\"holds the admin token, which every user can read; "
		        "chmod o-r\"",
		        path);
}

int options_read_config(struct options *options, const char *path, struct ls_fail *fail)
{
	LS_FREE char *data = NULL;
	const char *name;
	json_t *json = NULL, *value;
	size_t len = 0;
	int r = ls_file_read(path, CONFIG_MAX, &data, &len, fail);

	if (r < 0) {
		(void)ls_fail_prefix(fail, "--config");
		return LS_ERROR_USAGE;
	}
	r = json_parse(data, len, CONFIG_MAX, path, &json, fail);
	state_secret_wipe(data, len);
	if (r < 0)
		return LS_ERROR_USAGE;
	if (!json_is_object(json))
		r = ls_fail_set(fail, LS_ERROR_USAGE, "%s: must be a JSON object", path);
	warn_if_readable(path, json);
	settle_token(options);
	json_object_foreach(json, name, value)
	{
		if (r == 0)
			r = take_member(options, path, name, value, fail);
	}
	json_decref(json);
	return r < 0 ? LS_ERROR_USAGE : 0;
}
