/* SPDX-License-Identifier: Apache-2.0 */
/* Config files: what reads well can be changed, and has the change afterwards. */
#include <string.h>

#include "base/str.h"
#include "profile/config.h"
#include "tests/fuzz/fuzz.h"

static void check_change(struct config *config)
{
	static const char *const urls[] = {"https://cp.example.com"};
	static const uint8_t pin[CONFIG_PIN_LEN] = {1};
	const struct config_profile *profile;
	struct ls_fail fail = {0};
	size_t before = profile_config_count(config);

	/* One profile too many is the only reason to refuse. */
	if (profile_config_set_control_urls(config, "fuzz", (struct string_list){urls, 1}, &fail) <
	    0) {
		FUZZ_CHECK(fail.text[0] != '\0');
		FUZZ_CHECK(profile_config_count(config) == before);
		return;
	}
	FUZZ_CHECK(profile_config_set_pin(config, "fuzz", pin, true, &fail) == 0);
	profile = profile_config_find(config, "fuzz");
	FUZZ_CHECK(profile && profile->has_pin && profile->control_urls.count == 1);
	FUZZ_CHECK(ls_streq(profile->control_urls.items[0], urls[0]));
	FUZZ_CHECK(profile_config_count(config) - before <= 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct config *config = NULL;
	struct ls_fail fail = {0};

	if (profile_config_parse((const char *)data, size, "config", &config, &fail) < 0) {
		FUZZ_CHECK(strncmp(fail.text, "config", strlen("config")) == 0);
		return 0;
	}
	for (size_t i = 0; i < profile_config_count(config); i++)
		FUZZ_CHECK(profile_config_find(config, profile_config_at(config, i)->name));
	check_change(config);
	profile_config_free(config);
	return 0;
}
