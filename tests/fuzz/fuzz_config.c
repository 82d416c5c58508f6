/* SPDX-License-Identifier: Apache-2.0 */
/* Config files: a file that can be read can also be changed, and then has the change. */
#include <string.h>

#include "base/str.h"
#include "profile/config.h"
#include "tests/fuzz/fuzz_file.h"

static void check_change(struct config *config)
{
	static const char *const urls[] = {"https://cp.example.com"};
	static const uint8_t pin[CONFIG_PIN_LEN] = {1};
	const struct config_profile *profile = profile_config_find(config, "fuzz");
	struct ls_fail fail = {0};
	bool was_there = profile != NULL;

	FUZZ_CHECK(!was_there || ls_streq(profile->name, "fuzz"));
	/* One profile too many is the only reason to refuse. */
	if (profile_config_set_control_urls(config, "fuzz", (struct string_list){urls, 1}, &fail) <
	    0) {
		FUZZ_CHECK(fail.text[0] != '\0');
		FUZZ_CHECK(!was_there && !profile_config_find(config, "fuzz"));
		return;
	}
	FUZZ_CHECK(profile_config_set_pin(config, "fuzz", pin, true, &fail) == 0);
	profile = profile_config_find(config, "fuzz");
	FUZZ_CHECK(profile && profile->has_pin && profile->control_urls.count == 1);
	FUZZ_CHECK(ls_streq(profile->control_urls.items[0], urls[0]));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct config *config = NULL;
	struct ls_fail fail = {0};
	char path[FUZZ_PATH_TEXT];
	int fd = fuzz_file(data, size, path);

	if (profile_config_load(path, &config, &fail) < 0) {
		FUZZ_CHECK(ls_str_starts(fail.text, path));
	} else {
		check_change(config);
		profile_config_free(config);
	}
	(void)close(fd);
	return 0;
}
