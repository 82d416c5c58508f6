/* SPDX-License-Identifier: Apache-2.0 */
/* The client's own files: config.json, state.json, and where they are. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/files.h"
#include "base/str.h"
#include "profile/config.h"
#include "profile/node_state.h"
#include "profile/paths.h"
#include "json/json.h"

#define PIN "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

static char folder[64];

static const char *in_folder(const char *name)
{
	static char path[128];

	(void)snprintf(path, sizeof(path), "%s/%s", folder, name);
	return path;
}

static void write_file(const char *path, const char *text, mode_t mode)
{
	struct ls_fail fail = {0};

	if (ls_file_replace(path, text, strlen(text), mode, &fail) < 0)
		fail_msg("%s", fail.text);
}

static void assert_file_is(const char *path, const char *text, mode_t mode)
{
	LS_FREE char *data = NULL;
	struct stat st;
	size_t len;

	assert_int_equal(ls_file_read(path, 1 << 20, &data, &len, NULL), 0);
	assert_string_equal(data, text);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, mode);
}

static int make_folder(void **state)
{
	(void)state;
	(void)snprintf(folder, sizeof(folder), "/tmp/ls-model-XXXXXX");
	return mkdtemp(folder) && crypto_init() == 0 ? 0 : -1;
}

static int remove_folder(void **state)
{
	static const char *const names[] = {
	        "config.json", "a/b/config.json", "state.json", "x/state.json", "a/b", "a", "x"};

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		(void)remove(in_folder(names[i]));
	return rmdir(folder);
}

/* --- config --- */

static struct config *must_load(const char *path)
{
	struct config *config = NULL;
	struct ls_fail fail = {0};

	if (profile_config_load(path, &config, &fail) < 0)
		fail_msg("%s", fail.text);
	return config;
}

static void config_reads_profiles(void **state)
{
	static const char text[] =
	        "{\"profiles\":{"
	        "\"infra\":{\"control_urls\":[\"https://a\",\"https://b\"],\"autostart\":true,"
	        "\"tls_pinned_sha256\":\"00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF "
	        "00112233445566778899aabbccddeeff\",\"state_dir\":\"/var/lib/x\","
	        "\"agent_args\":[\"--stun\"]},"
	        "\"lab\":{\"control_url\":\"http://c\",\"tls_pinned_sha256\":null}}}";
	const char *path = in_folder("config.json");
	const struct config_profile *profile;
	struct config *config;
	char pin[CONFIG_PIN_TEXT];

	(void)state;
	write_file(path, text, 0644);
	config = must_load(path);
	profile = profile_config_find(config, "infra");
	assert_non_null(profile);
	assert_string_equal(profile->name, "infra");
	assert_int_equal(profile->control_urls.count, 2);
	assert_true(profile->autostart);
	assert_true(profile->has_pin);
	assert_string_equal(profile_config_pin_encode(profile->tls_pinned_sha256, pin), PIN);
	assert_string_equal(profile->agent_args.items[0], "--stun");
	profile = profile_config_find(config, "lab");
	assert_string_equal(profile->control_urls.items[0], "http://c");
	assert_false(profile->has_pin);
	assert_null(profile->state_dir);
	assert_null(profile_config_find(config, "none"));
	profile_config_free(config);
}

static void config_urls_in_every_form(void **state)
{
	static const struct {
		const char *members;
		const char *urls; /* each followed by a blank */
	} rows[] = {
	        {"\"control_urls\": \"http://a\"", "http://a "},
	        {"\"control_urls\": [\" http://a \", \"\", \" http://b\"]", "http://a http://b "},
	        {"\"control_urls\": null, \"control_url\": [\"http://a\", \"http://b\"]",
	         "http://a http://b "},
	        {"\"control_urls\": [\"\"], \"control_url\": \" http://a\"", "http://a "},
	        {"\"control_urls\": \"\", \"control_url\": null", ""},
	        {"\"control_url\": []", ""},
	};
	const char *path = in_folder("config.json");

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct ls_buf text = {0}, found = {0};
		const struct config_profile *profile;
		struct config *config;

		ls_buf_printf(&text, "{\"profiles\": {\"p\": {%s}}}", rows[i].members);
		write_file(path, ls_buf_text(&text), 0644);
		config = must_load(path);
		profile = profile_config_find(config, "p");
		assert_int_equal(profile->fault.code, 0);
		for (size_t k = 0; k < profile->control_urls.count; k++)
			ls_buf_printf(&found, "%s ", profile->control_urls.items[k]);
		assert_string_equal(ls_buf_text(&found), rows[i].urls);
		profile_config_free(config);
		ls_buf_done(&text);
		ls_buf_done(&found);
	}
}

static void config_of_one_bad_profile(void **state)
{
	const char *path = in_folder("config.json");
	const struct config_profile *bad;
	const char *const urls[] = {"http://new"};
	struct config *config;
	struct ls_fail fail;

	(void)state;
	write_file(path,
	           "{\"profiles\": {\"bad\": {\"control_urls\": 5}, \"worse\": 7,"
	           " \"good\": {\"control_url\": \"http://a\", \"tls_pinned_sha256\": \"....\"},"
	           " \"none\": {\"tls_pinned_sha256\": \"\"}}}",
	           0644);
	config = must_load(path);
	bad = profile_config_find(config, "bad");
	assert_true(bad->fault.code < 0);
	assert_non_null(strstr(bad->fault.text, "profiles.bad.control_urls: not an array"));
	assert_true(profile_config_find(config, "worse")->fault.code < 0);
	assert_int_equal(profile_config_find(config, "good")->control_urls.count, 1);
	assert_false(profile_config_find(config, "good")->has_pin);
	assert_true(profile_config_find(config, "good")->pin_is_placeholder);
	assert_true(profile_config_find(config, "none")->pin_is_placeholder);
	/* The others can be changed, and the bad one stays as it is. */
	assert_int_equal(profile_config_set_control_urls(config, "good",
	                                                 (struct string_list){urls, 1}, &fail),
	                 0);
	assert_int_equal(profile_config_save(config, path, &fail), 0);
	profile_config_free(config);
	config = must_load(path);
	assert_string_equal(profile_config_find(config, "good")->control_urls.items[0],
	                    "http://new");
	assert_true(profile_config_find(config, "bad")->fault.code < 0);
	profile_config_free(config);
}

static void config_keeps_what_it_does_not_know(void **state)
{
	const char *path = in_folder("config.json");
	static const char *const urls[] = {"http://new"};
	struct config *config;
	struct ls_fail fail = {0};
	uint8_t pin[CONFIG_PIN_LEN];

	(void)state;
	write_file(path,
	           "{\"theme\":\"dark\",\"profiles\":{\"a\":{\"control_url\":\"http://old\","
	           "\"note\":[1,2]}}}",
	           0640);
	assert_int_equal(profile_config_pin_decode(PIN, pin), 0);
	config = must_load(path);
	assert_int_equal(
	        profile_config_set_control_urls(config, "a", (struct string_list){urls, 1}, &fail),
	        0);
	assert_int_equal(profile_config_set_pin(config, "b", pin, false, &fail), 0);
	assert_string_equal(profile_config_find(config, "a")->control_urls.items[0], "http://new");
	assert_int_equal(profile_config_save(config, path, &fail), 0);
	profile_config_free(config);
	assert_file_is(path,
	               "{\n"
	               "  \"theme\": \"dark\",\n"
	               "  \"profiles\": {\n"
	               "    \"a\": {\n"
	               "      \"note\": [\n        1,\n        2\n      ],\n"
	               "      \"control_urls\": [\n        \"http://new\"\n      ]\n"
	               "    },\n"
	               "    \"b\": {\n"
	               "      \"tls_pinned_sha256\": \"" PIN "\"\n"
	               "    }\n"
	               "  }\n"
	               "}\n",
	               0640);
	config = must_load(path);
	assert_int_equal(profile_config_set_pin(config, "b", NULL, false, &fail), 0);
	assert_false(profile_config_find(config, "b")->has_pin);
	assert_int_equal(profile_config_set_pin(config, "../b", NULL, false, &fail),
	                 LS_ERROR_BAD_VALUE);
	profile_config_free(config);
}

static void config_is_made_when_missing(void **state)
{
	const char *path = in_folder("a/b/config.json");
	static const char *const urls[] = {"http://x"};
	struct config *config = must_load(path);
	struct ls_fail fail = {0};
	struct stat st;

	(void)state;
	assert_null(profile_config_find(config, "p"));
	assert_int_equal(
	        profile_config_set_control_urls(config, "p", (struct string_list){urls, 1}, &fail),
	        0);
	assert_int_equal(profile_config_save(config, path, &fail), 0);
	profile_config_free(config);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0644);
}

static void bad_configs_are_refused(void **state)
{
	const char *path = in_folder("config.json");
	static const char *const cases[][2] = {
	        {"", ": line 1, column 0: '[' or '{' expected near end of file"},
	        {"{\"profiles\": {\n  \"a\": nope}}", ": line 2, column 11: invalid token"},
	        {"[]", ": not an object"},
	        {"{\"profiles\":[]}", ": profiles: not an object"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct config *config = NULL;
		struct ls_fail fail = {0};

		write_file(path, cases[i][0], 0644);
		assert_true(profile_config_load(path, &config, &fail) < 0);
		assert_true(ls_str_starts(fail.text, path));
		assert_string_equal(fail.text + strlen(path), cases[i][1]);
		assert_null(config);
	}
}

static void bad_profiles_have_a_fault(void **state)
{
	const char *path = in_folder("config.json");
	static const char *const cases[][2] = {
	        {"{\"profiles\":{\"a\":1}}", ": profiles.a: not an object"},
	        {"{\"profiles\":{\"a\":{\"control_urls\":{}}}}",
	         ": profiles.a.control_urls: not an array"},
	        {"{\"profiles\":{\"a\":{\"control_urls\":[1]}}}",
	         ": profiles.a.control_urls[0]: not a string"},
	        {"{\"profiles\":{\"a\":{\"tls_pinned_sha256\":\"abc\"}}}",
	         ": profiles.a.tls_pinned_sha256: not a SHA-256 in hexadecimal"},
	        {"{\"profiles\":{\"a\":{\"autostart\":\"yes\"}}}",
	         ": profiles.a.autostart: neither true nor false"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct config *config;
		const struct config_profile *profile;

		write_file(path, cases[i][0], 0644);
		config = must_load(path);
		profile = profile_config_find(config, "a");
		assert_true(profile->fault.code < 0);
		assert_true(ls_str_starts(profile->fault.text, path));
		assert_string_equal(profile->fault.text + strlen(path), cases[i][1]);
		profile_config_free(config);
	}
}

/* --- state --- */

static struct node_state *sample_state(void)
{
	struct node_state *made = profile_state_new();

	made->profile = strdup("lab");
	made->network_id = strdup("n1");
	made->node_id = strdup("me");
	made->node_name = strdup("laptop");
	made->node_token = strdup("secret");
	key_machine_generate(&made->machine_private_key);
	key_machine_public(&made->machine_private_key, &made->machine_public_key);
	key_wg_generate(&made->wg_private_key);
	key_wg_public(&made->wg_private_key, &made->wg_public_key);
	assert_int_equal(ls_ip_parse("100.64.1.10", &made->ipv4), 0);
	return made;
}

static void state_round_trip(void **state)
{
	const char *path = in_folder("x/state.json");
	struct node_state *made = sample_state(), *loaded = NULL, *other;
	struct ls_fail fail = {0};
	struct stat st;

	(void)state;
	assert_int_equal(profile_state_load(path, &loaded, &fail), -ENOENT);
	assert_int_equal(profile_state_save(made, path, 1234, &fail), 0);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(stat(in_folder("x"), &st), 0);
	assert_int_equal(st.st_mode & 0777, 0700);
	path = in_folder("x/state.json");
	assert_int_equal(profile_state_load(path, &loaded, &fail), 0);
	assert_string_equal(loaded->profile, "lab");
	assert_string_equal(loaded->node_token, "secret");
	assert_int_equal(loaded->updated_at, 1234);
	assert_true(key_equal(loaded->wg_private_key.b, made->wg_private_key.b));
	assert_true(ls_ip_equal(&loaded->ipv4, &made->ipv4));
	assert_int_equal(loaded->ipv6.family, LS_FAMILY_NONE);
	assert_null(loaded->last_netmap);
	assert_int_equal(profile_state_save(loaded, path, 1235, &fail), 0);
	/* One that did not come from the file does not replace it. */
	other = sample_state();
	assert_int_equal(profile_state_save(other, path, 1236, &fail), -EEXIST);
	profile_state_free(other);
	profile_state_free(made);
	profile_state_free(loaded);
}

/* The text of a good state with one member set to something else (JSON, NULL: taken out). */
static char *state_text(const char *name, const char *value)
{
	struct node_state *made = sample_state();
	const char *path = in_folder("state.json");
	struct ls_fail fail = {0};
	json_t *json = NULL;
	char *data = NULL;
	size_t len = 0;

	assert_int_equal(profile_state_save(made, path, 1, &fail), 0);
	assert_int_equal(ls_file_read(path, 1 << 20, &data, &len, &fail), 0);
	assert_int_equal(json_parse(data, len, 1 << 20, "x", &json, &fail), 0);
	free(data);
	if (value)
		assert_int_equal(
		        json_object_set_new(json, name, json_loads(value, JSON_DECODE_ANY, NULL)),
		        0);
	else
		assert_int_equal(json_object_del(json, name), 0);
	data = json_text(json, NULL);
	json_decref(json);
	assert_int_equal(unlink(path), 0);
	profile_state_free(made);
	return data;
}

static void bad_states_are_refused(void **state)
{
	const char *path = in_folder("state.json");
	static const char *const cases[][3] = {
	        {"node_id", NULL, ": node_id: missing"},
	        {"node_id", "7", ": node_id: not a string"},
	        {"profile", "null", ": profile: missing"},
	        {"wg_private_key", "\"AA\"", ": wg_private_key: not a base64 key of 32 bytes"},
	        {"wg_public_key", "\"AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=\"",
	         ": wg_public_key: does not belong to wg_private_key"},
	        {"machine_public_key", "\"AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=\"",
	         ": machine_public_key: does not belong to machine_private_key"},
	        {"ipv4", "\"::1\"", ": ipv4: not an IPv4 address"},
	        {"updated_at", "\"now\"", ": updated_at: not a whole number"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		LS_FREE char *text = state_text(cases[i][0], cases[i][1]);
		struct node_state *loaded = NULL;
		struct ls_fail fail = {0};

		write_file(path, text, 0600);
		assert_true(profile_state_load(path, &loaded, &fail) < 0);
		assert_true(ls_str_starts(fail.text, path));
		assert_string_equal(fail.text + strlen(path), cases[i][2]);
		assert_null(loaded);
		assert_int_equal(unlink(path), 0);
	}
}

static void odd_states_are_read(void **state)
{
	LS_FREE char *no_token = state_text("node_token", "null");
	LS_FREE char *bad_netmap = state_text("last_netmap", "{\"network\":{}}");
	LS_FREE char *unknown = state_text("shoe_size", "43");
	struct node_state *loaded = NULL;
	LS_FREE char *again = NULL;
	const char *path = in_folder("state.json");
	size_t len;

	(void)state;
	write_file(path, no_token, 0600);
	assert_int_equal(profile_state_load(path, &loaded, NULL), 0);
	assert_null(loaded->node_token);
	profile_state_free(loaded);
	write_file(path, bad_netmap, 0600);
	assert_int_equal(profile_state_load(path, &loaded, NULL), 0);
	assert_null(loaded->last_netmap);
	assert_string_equal(loaded->netmap_fail.text, "netmap: network.id: missing");
	profile_state_free(loaded);
	/* A caller that does not want the netmap is not told that it is damaged. */
	assert_int_equal(profile_state_load_fields(path, &loaded, NULL), 0);
	assert_null(loaded->last_netmap);
	assert_int_equal(loaded->netmap_fail.code, 0);
	assert_string_equal(loaded->node_id, "me");
	profile_state_free(loaded);
	write_file(path, unknown, 0600);
	assert_int_equal(profile_state_load(path, &loaded, NULL), 0);
	assert_int_equal(profile_state_save(loaded, path, 2, NULL), 0);
	assert_int_equal(ls_file_read(path, 1 << 20, &again, &len, NULL), 0);
	assert_non_null(strstr(again, "\"shoe_size\": 43"));
	profile_state_free(loaded);
}

static struct ls_ip v4(uint8_t last)
{
	const uint8_t bytes[] = {192, 0, 2, last};

	return ls_ip_from_bytes(LS_FAMILY_V4, bytes);
}

static void note(struct known_hosts *known, const char *host, uint8_t last)
{
	const struct ls_ip address = v4(last);

	profile_known_note(known, host, &address);
}

static void known_addresses_are_few_and_the_newest(void **state)
{
	LS_FREE struct known_hosts *known = calloc(1, sizeof(*known));
	const struct known_host *host;
	char text[LS_IP_TEXT], name[PROFILE_KNOWN_HOST_TEXT + 1];

	(void)state;
	assert_non_null(known);
	for (uint8_t i = 0; i < 12; i++)
		note(known, "vpn.example.com", i);
	host = profile_known_find(known, "VPN.example.com");
	assert_non_null(host);
	assert_int_equal(host->count, PROFILE_KNOWN_ADDRESSES_MAX);
	assert_string_equal(ls_ip_format(&host->addresses[0], text), "192.0.2.11");
	assert_string_equal(ls_ip_format(&host->addresses[7], text), "192.0.2.4");
	assert_int_equal(known->version, 12);
	/* One that is there already comes first, but that alone is not worth a write. */
	note(known, "vpn.example.com", 8);
	host = profile_known_find(known, "vpn.example.com");
	assert_string_equal(ls_ip_format(&host->addresses[0], text), "192.0.2.8");
	assert_string_equal(ls_ip_format(&host->addresses[3], text), "192.0.2.9");
	assert_string_equal(ls_ip_format(&host->addresses[7], text), "192.0.2.4");
	assert_int_equal(known->version, 12);
	/* The host that answered longest ago makes room. */
	for (int i = 0; i < PROFILE_KNOWN_HOSTS_MAX; i++) {
		(void)snprintf(name, sizeof(name), "host%d", i);
		note(known, name, 1);
	}
	assert_int_equal(known->count, PROFILE_KNOWN_HOSTS_MAX);
	assert_null(profile_known_find(known, "vpn.example.com"));
	assert_non_null(profile_known_find(known, "host0"));
	memset(name, 'a', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	note(known, name, 1);
	assert_null(profile_known_find(known, name));
	for (unsigned i = 0; i < 2 * PROFILE_KNOWN_SEEN_MAX + 1; i++) {
		const struct ls_ip address = v4((uint8_t)i);

		profile_known_see(known, &address);
	}
	assert_int_equal(known->seen_count, PROFILE_KNOWN_SEEN_MAX);
}

static void timestamp_floor_in_the_state(void **state)
{
	static const struct {
		const char *text;
		int64_t floor;
	} cases[] = {
	        {"1800000000", 1800000000},
	        {"7258118399", 7258118399},
	        {"7258118400", 0}, /* the year 2200: no clock has said that */
	        {"9223372036854775807", 0},
	        {"-5", 0},
	        {"0", 0},
	        {"1.5", 0},
	        {"\"1\"", 0},
	        {"null", 0},
	        {"{}", 0},
	};
	const char *path = in_folder("state.json");

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		LS_FREE char *text = NULL;
		struct node_state *loaded = NULL;

		(void)unlink(path);
		text = state_text("timestamp_floor", cases[i].text);
		path = in_folder("state.json");
		write_file(path, text, 0600);
		/* A second program that writes the file keeps the member. */
		for (int turn = 0; turn < 2; turn++) {
			assert_int_equal(profile_state_load(path, &loaded, NULL), 0);
			assert_int_equal(loaded->timestamp_floor, cases[i].floor);
			assert_int_equal(profile_state_save(loaded, path, 2, NULL), 0);
			profile_state_free(loaded);
		}
	}
	assert_int_equal(unlink(path), 0);
}

static void known_addresses_in_the_state(void **state)
{
	static const char odd[] = "{\"a\":[\"192.0.2.1\",7,\"x\",\"2001:db8::1\"],\"b\":[],\"c\":5,"
	                          "\"d\":[\"nonsense\"]}";
	LS_FREE char *text = NULL;
	LS_FREE char *list = NULL;
	const char *path = in_folder("state.json");
	struct node_state *loaded = NULL;
	const struct known_host *host;

	(void)state;
	(void)unlink(path); /* of the test before */
	text = state_text("known_addresses", odd);
	list = state_text("known_addresses", "[1]");
	path = in_folder("state.json");
	write_file(path, list, 0600);
	assert_int_equal(profile_state_load(path, &loaded, NULL), 0);
	assert_int_equal(loaded->known.count, 0);
	profile_state_free(loaded);
	write_file(path, text, 0600);
	assert_int_equal(profile_state_load(path, &loaded, NULL), 0);
	assert_int_equal(loaded->known.count, 1);
	note(&loaded->known, "e", 5);
	assert_int_equal(profile_state_save(loaded, path, 2, NULL), 0);
	profile_state_free(loaded);
	assert_int_equal(profile_state_load(path, &loaded, NULL), 0);
	assert_int_equal(loaded->known.count, 2);
	assert_int_equal(loaded->known.version, 0);
	host = profile_known_find(&loaded->known, "a");
	assert_non_null(host);
	assert_int_equal(host->count, 2);
	assert_int_equal(host->addresses[1].family, LS_FAMILY_V6);
	assert_non_null(profile_known_find(&loaded->known, "e"));
	assert_null(loaded->unknown);
	profile_state_free(loaded);
}

static void corrupt_state_is_not_overwritten(void **state)
{
	const char *path = in_folder("state.json");
	struct node_state *loaded = NULL, *made = sample_state();
	struct ls_fail fail = {0};
	char expected[256];

	(void)state;
	write_file(path, "{\"node_token\": \"hunter2\",", 0600);
	assert_int_equal(profile_state_load(path, &loaded, &fail), LS_ERROR_SYNTAX);
	(void)snprintf(expected, sizeof(expected),
	               "%s: line 1, column 25: string or '}' expected near end of file", path);
	assert_string_equal(fail.text, expected);
	assert_int_equal(profile_state_save(made, path, 2, &fail), -EEXIST);
	assert_file_is(path, "{\"node_token\": \"hunter2\",", 0600);
	profile_state_free(made);
}

/* --- paths --- */

static void default_paths(void **state)
{
	static const struct {
		const char *xdg;
		const char *home;
		const char *config;
		const char *data;
	} cases[] = {
	        {"/x", "/home/u", "/x/lightscale/config.json", "/x/lightscale/p"},
	        {NULL, "/home/u", "/home/u/.config/lightscale/config.json",
	         "/home/u/.local/share/lightscale/p"},
	        {"", "/home/u", "/home/u/.config/lightscale/config.json",
	         "/home/u/.local/share/lightscale/p"},
	        {"relative", "/home/u", "/home/u/.config/lightscale/config.json",
	         "/home/u/.local/share/lightscale/p"},
	};
	struct ls_fail fail = {0};
	char *path = NULL;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		(void)unsetenv("XDG_CONFIG_HOME");
		(void)unsetenv("XDG_DATA_HOME");
		if (cases[i].xdg) {
			(void)setenv("XDG_CONFIG_HOME", cases[i].xdg, 1);
			(void)setenv("XDG_DATA_HOME", cases[i].xdg, 1);
		}
		(void)setenv("HOME", cases[i].home, 1);
		assert_int_equal(profile_path_default_config(&path, &fail), 0);
		assert_string_equal(path, cases[i].config);
		free(path);
		assert_int_equal(profile_path_default_state_dir("p", &path, &fail), 0);
		assert_string_equal(path, cases[i].data);
		free(path);
	}
	(void)unsetenv("XDG_CONFIG_HOME");
	(void)unsetenv("HOME");
	assert_int_equal(profile_path_default_config(&path, &fail), LS_ERROR_USAGE);
	assert_int_equal(profile_path_default_state_dir("../p", &path, &fail), LS_ERROR_BAD_VALUE);
	assert_int_equal(profile_path_state_file("/d", &path, &fail), 0);
	assert_string_equal(path, "/d/state.json");
	free(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(config_reads_profiles),
	        cmocka_unit_test(config_urls_in_every_form),
	        cmocka_unit_test(config_of_one_bad_profile),
	        cmocka_unit_test(bad_profiles_have_a_fault),
	        cmocka_unit_test(config_keeps_what_it_does_not_know),
	        cmocka_unit_test(config_is_made_when_missing),
	        cmocka_unit_test(bad_configs_are_refused),
	        cmocka_unit_test(state_round_trip),
	        cmocka_unit_test(bad_states_are_refused),
	        cmocka_unit_test(odd_states_are_read),
	        cmocka_unit_test(known_addresses_are_few_and_the_newest),
	        cmocka_unit_test(known_addresses_in_the_state),
	        cmocka_unit_test(timestamp_floor_in_the_state),
	        cmocka_unit_test(corrupt_state_is_not_overwritten),
	        cmocka_unit_test(default_paths),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
