/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/session/session.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/files.h"
#include "base/str.h"
#include "base/utf8.h"
#include "cli/frame/command.h"
#include "cli/frame/output.h"
#include "cli/session/last_server.h"
#include "control/sync.h"
#include "crypto/keys.h"
#include "profile/paths.h"
#include "proto/limits.h"
#include "proto/names.h"

enum {
	TOKEN_FILE_MAX = 4096,
	ANSWER_ARENA_MAX = NETMAP_ARENA_MAX,
};

static int find_state_path(const struct cli_args *args, struct session *session,
                           struct ls_fail *fail)
{
	const char *option = cli_text(args, "state-dir");
	const struct config_profile *profile =
	        profile_config_find(session->config, session->profile);
	LS_FREE char *dir = NULL;

	if (!option && profile)
		option = profile->state_dir;
	if (option) {
		dir = ls_strdup(option);
	} else {
		int r = profile_path_default_state_dir(session->profile, &dir, fail);

		if (r < 0)
			return r;
	}
	return profile_path_state_file(dir, &session->state_path, fail);
}

static int find_urls(const struct cli_args *args, struct session *session, struct ls_fail *fail)
{
	const struct config_profile *profile =
	        profile_config_find(session->config, session->profile);
	size_t count;
	LS_FREE const char **given = cli_list(args, "control-url", &count);

	session->urls_from_option = count > 0;
	for (size_t i = 0; i < count; i++) {
		if (control_url_list_add(&session->urls, given[i], fail) < 0)
			return ls_fail_set(fail, LS_ERROR_USAGE, "--control-url: %s", fail->text);
	}
	if (count > 0 || !profile)
		return 0;
	for (size_t i = 0; i < profile->control_urls.count; i++) {
		if (control_url_list_add(&session->urls, profile->control_urls.items[i], fail) < 0)
			return ls_fail_prefix(fail, "%s: profile '%s'", session->config_path,
			                      session->profile);
	}
	return 0;
}

/* With --tls-pin, the server must also show a valid certificate chain, unless the pin is the one
 * that the profile trusts as self-signed. */
static int find_trust(const struct cli_args *args, struct session *session, struct ls_fail *fail)
{
	const struct config_profile *profile =
	        profile_config_find(session->config, session->profile);
	const char *option = cli_text(args, "tls-pin");
	struct control_trust *trust = &session->trust;

	session->lacks_pin = profile && profile->pin_is_placeholder && !option;
	if (profile && profile->has_pin) {
		trust->has_pin = true;
		trust->self_signed = profile->tls_self_signed;
		memcpy(trust->pin, profile->tls_pinned_sha256, sizeof(trust->pin));
	}
	if (!option)
		return 0;
	*trust = (struct control_trust){.has_pin = true};
	if (profile_config_pin_decode(option, trust->pin) < 0)
		return ls_fail_set(fail, LS_ERROR_USAGE,
		                   "--tls-pin: not a SHA-256 in hexadecimal (64 digits)");
	session->pin_from_option = true;
	trust->self_signed =
	        profile && profile->has_pin && profile->tls_self_signed &&
	        memcmp(profile->tls_pinned_sha256, trust->pin, sizeof(trust->pin)) == 0;
	return 0;
}

static int read_token_file(const char *path, char **ret, struct ls_fail *fail)
{
	char *text = NULL;
	size_t len;
	int r = ls_file_read(path, TOKEN_FILE_MAX, &text, &len, fail);

	if (r < 0)
		return r;
	while (len > 0 && strchr(" \t\r\n", text[len - 1]))
		text[--len] = '\0';
	if (len == 0 || strlen(text) != len || ls_str_has_control(text)) {
		key_wipe(text, len);
		free(text);
		return ls_fail_set(fail, LS_ERROR_SYNTAX,
		                   "%s: not a token: expected one line of text", path);
	}
	*ret = text;
	return 0;
}

static int find_admin_token(const struct cli_args *args, struct session *session,
                            struct ls_fail *fail)
{
	const char *token = cli_text(args, "admin-token");
	const char *file = cli_text(args, "admin-token-file");

	if (token && file)
		return ls_fail_set(fail, LS_ERROR_USAGE,
		                   "give either --admin-token or --admin-token-file");
	if (file)
		return read_token_file(file, &session->admin_token, fail);
	if (!token)
		token = getenv("LIGHTSCALE_ADMIN_TOKEN");
	if (!token || token[0] == '\0')
		return 0;
	if (ls_str_has_control(token))
		return ls_fail_set(fail, LS_ERROR_SYNTAX,
		                   "LIGHTSCALE_ADMIN_TOKEN holds control characters");
	session->admin_token = ls_strdup(token);
	return 0;
}

static bool is_named(const struct session *session)
{
	return !ls_streq(session->profile, "default");
}

int session_open(const struct cli_args *args, struct session *ret, struct ls_fail *fail)
{
	const char *config_path = cli_text(args, "config");
	const struct config_profile *profile;
	int r;

	ret->profile = cli_text(args, "profile");
	r = proto_name_check_profile(ret->profile, fail);
	if (r < 0)
		return ls_fail_set(fail, LS_ERROR_USAGE, "--profile: %s", fail->text);
	(void)snprintf(ret->program, sizeof(ret->program), CLI_PROGRAM "%s%s",
	               is_named(ret) ? " --profile " : "", is_named(ret) ? ret->profile : "");
	ret->arena = ls_arena_new(ANSWER_ARENA_MAX);
	if (!ret->arena)
		return ls_fail_set(fail, -ENOMEM, "out of memory");
	if (config_path) {
		ret->config_path = ls_strdup(config_path);
	} else {
		r = profile_path_default_config(&ret->config_path, fail);
		if (r < 0)
			return r;
	}
	r = profile_config_load(ret->config_path, &ret->config, fail);
	if (r < 0)
		return r;
	profile = profile_config_find(ret->config, ret->profile);
	if (profile && profile->fault.code < 0) {
		*fail = profile->fault;
		return fail->code;
	}
	r = find_state_path(args, ret, fail);
	if (r < 0)
		return r;
	r = find_urls(args, ret, fail);
	if (r < 0)
		return r;
	session_last_server_load(ret->state_path, &ret->urls);
	r = find_trust(args, ret, fail);
	return r < 0 ? r : find_admin_token(args, ret, fail);
}

void session_done(struct session *session)
{
	free(session->config_path);
	profile_config_free(session->config);
	free(session->state_path);
	profile_state_free(session->state);
	control_sync_free(session->sync);
	free(session->asked);
	json_decref(session->answer);
	control_url_list_done(&session->urls);
	key_free_string(session->admin_token);
	ls_arena_free(session->arena);
	*session = (struct session){0};
}

int session_load_state(struct session *session, struct ls_fail *fail)
{
	int r = profile_state_load(session->state_path, &session->state, fail);

	if (r == 0)
		session->known = session->state->known;
	if (r == -ENOENT)
		return ls_fail_set(fail, LS_ERROR_NOT_FOUND,
		                   "profile '%s' is not registered (no %s): run '%s register "
		                   "TOKEN' or 'register-url NETWORK' first",
		                   session->profile, session->state_path, session->program);
	return r;
}

int session_need_netmap(const struct session *session, struct ls_fail *fail)
{
	if (session->state->last_netmap)
		return 0;
	if (session->state->netmap_fail.code != 0)
		return ls_fail_set(fail, session->state->netmap_fail.code,
		                   "%s: its netmap cannot be read: %.300s; '%s netmap' fetches a "
		                   "new one",
		                   session->state_path, session->state->netmap_fail.text,
		                   session->program);
	return ls_fail_set(fail, LS_ERROR_NOT_FOUND,
	                   "%s holds no netmap yet: run '%s netmap' first", session->state_path,
	                   session->program);
}

/* Replaces the loaded state by what the file now holds, but keeps the loaded netmap. */
static int refresh_state(struct session *session, struct ls_fail *fail)
{
	struct node_state *fresh;
	int r = profile_state_load(session->state_path, &fresh, fail);

	if (r < 0)
		return r;
	if (!ls_streq(fresh->node_id, session->state->node_id)) {
		profile_state_free(fresh);
		return ls_fail_set(
		        fail, LS_ERROR_CONFLICT,
		        "%s now belongs to another node: the profile was registered again",
		        session->state_path);
	}
	if (session->state->last_netmap)
		profile_state_set_netmap(fresh, LS_STEAL(session->state->last_netmap));
	profile_servers_add_all(&fresh->servers, &session->state->servers);
	if (session->announces) {
		json_decref(fresh->announced);
		fresh->announced = LS_STEAL(session->state->announced);
	}
	profile_state_free(session->state);
	session->state = fresh;
	return 0;
}

static int save_merged(struct session *session, const struct node_keys *keys, struct ls_fail *fail)
{
	LS_CLOSE int lock = -1;
	int r = 0;

	if (!session->locked && session->state->stored) {
		r = profile_state_lock(session->state_path, true, &lock, fail);
		if (r == 0)
			r = refresh_state(session, fail);
	}
	if (r < 0)
		return r;
	if (keys)
		session_node_keys_store(keys, session->state);
	if (session->known.version > 0)
		session->state->known = session->known;
	return profile_state_save(session->state, session->state_path, ls_wall_s(), fail);
}

int session_save_state(struct session *session, struct ls_fail *fail)
{
	return save_merged(session, NULL, fail);
}

int session_save_keys(struct session *session, const struct node_keys *keys, struct ls_fail *fail)
{
	return save_merged(session, keys, fail);
}

int session_need_urls(const struct session *session, struct ls_fail *fail)
{
	for (size_t i = 0; session->lacks_pin && i < session->urls.count; i++) {
		if (session->urls.items[i].tls)
			return ls_fail_set(fail, LS_ERROR_UNTRUSTED,
			                   "%s: profile '%s' has a placeholder for the pin of %s: "
			                   "'%s pin' stores the server's, null means none",
			                   session->config_path, session->profile,
			                   session->urls.items[i].text, session->program);
	}
	if (session->urls.count > 0)
		return 0;
	return ls_fail_set(fail, LS_ERROR_NOT_FOUND,
	                   "no control server is known for profile '%s': run '%s init URL' or give "
	                   "--control-url URL",
	                   session->profile, session->program);
}

void session_advise_pin(const struct session *session, struct ls_fail *fail)
{
	static const char *const texts[] = {
	        [LS_HINT_PIN_SELF_SIGNED] = "; if it is your own server's, "
	                                    "'" CLI_PROGRAM " pin --self-signed' trusts it",
	        [LS_HINT_PIN_UNKNOWN_ISSUER] = ", or trust this one certificate with "
	                                       "'" CLI_PROGRAM " pin --self-signed'",
	        [LS_HINT_REPIN] = "; if it was renewed, store the new pin with "
	                          "'" CLI_PROGRAM " pin --force'",
	        [LS_HINT_REPIN_SELF_SIGNED] =
	                "; if the server has a new one, compare it there and store it with "
	                "'" CLI_PROGRAM " pin --force --self-signed'",
	};

	if (fail->hint >= sizeof(texts) / sizeof(texts[0]) || !texts[fail->hint])
		return;
	(void)ls_fail_append(fail, "%s", texts[fail->hint]);
	if (is_named(session))
		(void)ls_fail_append(fail, "; give it --profile %s", session->profile);
}

void session_note_next(const struct session *session, const char *command, const char *what)
{
	cli_note("Next: '%s %s' %s.", session->program, command, what);
}

static int set_urls(struct session *session, struct ls_fail *fail)
{
	LS_FREE const char **items = ls_try_array(session->urls.count, sizeof(*items));

	if (!items)
		return ls_fail_set(fail, -ENOMEM, "out of memory");
	for (size_t i = 0; i < session->urls.count; i++)
		items[i] = session->urls.items[i].text;
	return profile_config_set_control_urls(
	        session->config, session->profile,
	        (struct string_list){.items = items, .count = session->urls.count}, fail);
}

int session_save_servers(struct session *session, struct ls_fail *fail)
{
	int r = 0;

	if (!session->urls_from_option && !session->pin_from_option)
		return 0;
	if (session->urls_from_option)
		r = set_urls(session, fail);
	if (r == 0 && session->pin_from_option)
		r = profile_config_set_pin(session->config, session->profile, session->trust.pin,
		                           session->trust.self_signed, fail);
	return r < 0 ? r : profile_config_save(session->config, session->config_path, fail);
}
