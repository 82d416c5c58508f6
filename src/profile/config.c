/* SPDX-License-Identifier: Apache-2.0 */
#include "profile/config.h"

#include <ctype.h>
#include <errno.h>
#include <jansson.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/files.h"
#include "base/mem.h"
#include "base/str.h"
#include "proto/limits.h"
#include "proto/names.h"
#include "json/json.h"

enum {
	FILE_MODE = 0644,
	DIRECTORY_MODE = 0755,
};

/* `profiles` is decoded from `document`, which is what gets saved. */
struct config {
	json_t *document;
	struct ls_arena *arena;
	const struct config_profile *profiles;
	size_t profile_count;
};

int profile_config_pin_decode(const char *text, uint8_t ret[static CONFIG_PIN_LEN])
{
	uint8_t pin[CONFIG_PIN_LEN];
	size_t len;
	const char *end;

	if (sodium_hex2bin(pin, sizeof(pin), text, strlen(text), ": ", &len, &end) != 0 ||
	    *end != '\0' || len != sizeof(pin))
		return LS_ERROR_SYNTAX;
	memcpy(ret, pin, sizeof(pin));
	return 0;
}

const char *profile_config_pin_encode(const uint8_t pin[static CONFIG_PIN_LEN],
                                      char buf[static CONFIG_PIN_TEXT])
{
	return sodium_bin2hex(buf, CONFIG_PIN_TEXT, pin, CONFIG_PIN_LEN);
}

static void read_pin(const struct json_at *at, struct config_profile *ret)
{
	struct json_at member = json_member(at, "tls_pinned_sha256");
	const char *text = json_read_string_or(at, "tls_pinned_sha256", LIMIT_READ_LEN, NULL);

	ret->pin_is_placeholder = text && text[strspn(text, ". ")] == '\0';
	ret->has_pin = text && !ret->pin_is_placeholder;
	if (ret->has_pin && profile_config_pin_decode(text, ret->tls_pinned_sha256) < 0)
		json_fail(&member, LS_ERROR_BAD_VALUE, "not a SHA-256 in hexadecimal");
}

/* A string or a list. */
static struct string_list read_url_member(const struct json_at *at, const char *name)
{
	struct json_at member = json_member(at, name);
	const char **items;

	if (!json_is_string(member.value))
		return json_read_strings(at, name, LIMIT_CONTROL_URLS, LIMIT_URL_LEN);
	items = json_alloc(at->decoder, 1, sizeof(*items));
	if (!items)
		return (struct string_list){0};
	items[0] = json_read_string_or(at, name, LIMIT_URL_LEN, NULL);
	return (struct string_list){.items = items, .count = items[0] ? 1 : 0};
}

/* Cuts off the blanks around a text. */
static const char *trimmed(const struct json_at *at, const char *text)
{
	static const char blanks[] = " ";
	size_t len;
	char *copy;

	text += strspn(text, blanks);
	len = strlen(text);
	while (len > 0 && strchr(blanks, text[len - 1]))
		len--;
	copy = json_alloc(at->decoder, len + 1, 1);
	if (copy)
		memcpy(copy, text, len);
	return copy;
}

static struct string_list read_urls(const struct json_at *at)
{
	static const char *const members[] = {"control_urls", "control_url"};

	for (size_t i = 0; i < 2; i++) {
		struct string_list given = read_url_member(at, members[i]);
		const char **items = json_alloc(at->decoder, given.count, sizeof(*items));
		size_t n = 0;

		for (size_t k = 0; items && k < given.count; k++) {
			items[n] = trimmed(at, given.items[k]);
			n += items[n] && items[n][0] != '\0';
		}
		if (n > 0)
			return (struct string_list){.items = items, .count = n};
	}
	return (struct string_list){0};
}

static void read_members(const struct json_at *at, struct config_profile *ret)
{
	ret->control_urls = read_urls(at);
	ret->tls_self_signed = json_read_bool_or(at, "tls_self_signed", false);
	ret->autostart = json_read_bool_or(at, "autostart", false);
	ret->state_dir = json_read_string_or(at, "state_dir", LIMIT_TEXT_LEN, NULL);
	ret->agent_args = json_read_strings(at, "agent_args", LIMIT_AGENT_ARGS, LIMIT_TEXT_LEN);
	read_pin(at, ret);
}

/* A decoder of its own, since the mistakes of one profile must not cost the others theirs. */
static void read_profile(const struct json_at *at, const char *name, struct config_profile *ret)
{
	struct json_decoder decoder = {.arena = at->decoder->arena, .fail = &ret->fault};
	struct json_at root = *at;

	ret->name = ls_arena_strdup(at->decoder->arena, name);
	if (!ret->name) {
		json_fail(at, LS_ERROR_LIMIT, "too large");
		return;
	}
	root.decoder = &decoder;
	read_members(&root, ret);
	if (decoder.code < 0)
		*ret = (struct config_profile){.name = ret->name, .fault = ret->fault};
	ret->fault.code = decoder.code;
}

static void read_profiles(const struct json_at *at, struct config *config)
{
	struct json_at profiles = json_member(at, "profiles");
	struct config_profile *items;
	size_t n;

	if (!json_present(&profiles))
		return;
	if (!json_is_object(profiles.value)) {
		json_fail(&profiles, LS_ERROR_SYNTAX, "not an object");
		return;
	}
	n = json_object_size(profiles.value);
	if (n > LIMIT_PROFILES) {
		json_fail(&profiles, LS_ERROR_LIMIT, "%zu profiles; at most %d are allowed", n,
		          LIMIT_PROFILES);
		return;
	}
	items = json_alloc(at->decoder, n, sizeof(*items));
	if (!items)
		return;
	/* jansson's iterators need a non-const object, but this does not change it. */
	for (void *it = json_object_iter((json_t *)(uintptr_t)profiles.value); it;
	     it = json_object_iter_next((json_t *)(uintptr_t)profiles.value, it)) {
		struct json_at profile = json_member(&profiles, json_object_iter_key(it));

		read_profile(&profile, profile.name, &items[config->profile_count++]);
	}
	config->profiles = items;
}

/* Owns `document` from here on, also when it fails. */
static int config_of(json_t *document, const char *what, struct config **ret, struct ls_fail *fail)
{
	struct config *config = ls_new(struct config);
	struct json_decoder decoder = {.fail = fail};
	struct json_at root;

	config->document = document;
	config->arena = ls_arena_new(LIMIT_REQUEST_ARENA);
	decoder.arena = config->arena;
	root = json_root(&decoder, document, what);
	read_profiles(&root, config);
	if (decoder.code < 0) {
		profile_config_free(config);
		return decoder.code;
	}
	*ret = config;
	return 0;
}

int profile_config_load(const char *path, struct config **ret, struct ls_fail *fail)
{
	LS_FREE char *data = NULL;
	json_t *document = NULL;
	struct ls_fail why;
	size_t len;
	int r = ls_file_read(path, LIMIT_CONFIG_BYTES, &data, &len, &why);

	if (r == -ENOENT)
		return config_of(json_object(), path, ret, fail);
	if (r < 0)
		return ls_fail_set(fail, r, "%s", why.text);
	r = json_parse(data, len, LIMIT_CONFIG_BYTES, path, &document, fail);
	return r < 0 ? r : config_of(document, path, ret, fail);
}

void profile_config_free(struct config *config)
{
	if (!config)
		return;
	json_decref(config->document);
	ls_arena_free(config->arena);
	free(config);
}

int profile_config_save(const struct config *config, const char *path, struct ls_fail *fail)
{
	struct ls_buf text = {0};
	struct stat st;
	mode_t mode = stat(path, &st) == 0 ? st.st_mode & 0777 : FILE_MODE;
	char *dump = json_dumps(config->document, JSON_INDENT(2));
	int r = dump ? 0 : ls_fail_set(fail, -ENOMEM, "cannot write %s: out of memory", path);

	if (r == 0) {
		ls_buf_puts(&text, dump);
		ls_buf_puts(&text, "\n");
		r = ls_file_make_parent(path, DIRECTORY_MODE, fail);
	}
	if (r == 0 && text.failed)
		r = ls_fail_set(fail, -ENOMEM, "cannot write %s: out of memory", path);
	if (r == 0)
		r = ls_file_replace(path, text.data, text.len, mode, fail);
	ls_buf_done(&text);
	free(dump);
	return r;
}

const struct config_profile *profile_config_find(const struct config *config, const char *name)
{
	for (size_t i = 0; i < config->profile_count; i++) {
		if (ls_streq(config->profiles[i].name, name))
			return &config->profiles[i];
	}
	return NULL;
}

/* Returns an object member, and makes it when it is missing. The result is borrowed; NULL when out
 * of memory. */
static json_t *need_object(json_t *parent, const char *name)
{
	json_t *child = json_object_get(parent, name);

	if (json_is_object(child))
		return child;
	if (json_object_set_new(parent, name, json_object()) < 0)
		return NULL;
	return json_object_get(parent, name);
}

/* Sets one member of a profile and removes another (`drop`, may be NULL). Takes over the reference
 * to `value`. Works on a copy, which replaces the configuration only if it decodes. */
static int change_profile(struct config *config, const char *profile, const char *name,
                          json_t *value, const char *drop, struct ls_fail *fail)
{
	json_t *copy = json_deep_copy(config->document);
	json_t *profiles = copy ? need_object(copy, "profiles") : NULL;
	json_t *target = profiles ? need_object(profiles, profile) : NULL;
	struct config *changed;
	int r;

	if (!target || json_object_set(target, name, value) < 0) {
		json_decref(value);
		json_decref(copy);
		return ls_fail_set(fail, -ENOMEM, "cannot change profile %s: out of memory",
		                   profile);
	}
	json_decref(value);
	if (drop)
		(void)json_object_del(target, drop);
	r = config_of(copy, "config", &changed, fail);
	if (r < 0)
		return r;
	json_decref(config->document);
	ls_arena_free(config->arena);
	*config = *changed;
	free(changed);
	return 0;
}

int profile_config_set_control_urls(struct config *config, const char *profile,
                                    struct string_list urls, struct ls_fail *fail)
{
	json_t *array = json_array();
	int r = proto_name_check_profile(profile, fail);

	for (size_t i = 0; i < urls.count && r == 0; i++) {
		if (!json_append(array, json_string(urls.items[i])))
			r = ls_fail_set(fail, LS_ERROR_BAD_VALUE, "control URL %zu is not UTF-8",
			                i + 1);
	}
	if (r < 0) {
		json_decref(array);
		return r;
	}
	return change_profile(config, profile, "control_urls", array, "control_url", fail);
}

int profile_config_set_pin(struct config *config, const char *profile, const uint8_t *pin,
                           bool self_signed, struct ls_fail *fail)
{
	char text[CONFIG_PIN_TEXT];
	int r = proto_name_check_profile(profile, fail);

	if (r == 0)
		r = change_profile(config, profile, "tls_pinned_sha256",
		                   pin ? json_string(profile_config_pin_encode(pin, text))
		                       : json_null(),
		                   "tls_self_signed", fail);
	if (r == 0 && pin && self_signed)
		r = change_profile(config, profile, "tls_self_signed", json_true(), NULL, fail);
	return r;
}
