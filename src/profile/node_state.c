/* SPDX-License-Identifier: Apache-2.0 */
#include "profile/node_state.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/files.h"
#include "base/mem.h"
#include "base/stamps.h"
#include "proto/limits.h"
#include "json/json.h"

enum {
	FILE_MODE = 0600,
	DIRECTORY_MODE = 0700,
	ARENA_MAX = 1 << 20, /* for all but the netmap */
};

static const char *const secret_members[] = {
        "machine_private_key",
        "wg_private_key",
        "node_token",
};

static const char *const known_members[] = {
        "profile",
        "network_id",
        "node_id",
        "node_name",
        "machine_private_key",
        "machine_public_key",
        "wg_private_key",
        "wg_public_key",
        "node_token",
        "ipv4",
        "ipv6",
        "last_netmap",
        "known_addresses",
        "netmap_servers",
        "announced",
        "timestamp_floor",
        "updated_at",
};

struct node_state *profile_state_new(void)
{
	return ls_new(struct node_state);
}

void profile_state_free(struct node_state *state)
{
	if (!state)
		return;
	free(state->profile);
	free(state->network_id);
	free(state->node_id);
	free(state->node_name);
	key_free_string(state->node_token);
	proto_netmap_free(state->last_netmap);
	profile_servers_done(&state->servers);
	json_decref(state->announced);
	json_decref(state->unknown);
	key_wipe(state, sizeof(*state));
	free(state);
}

/* jansson offers no way to change a string in place, but nobody reads these again: the document is
 * freed next. */
static void wipe_document(json_t *document)
{
	for (size_t i = 0; i < sizeof(secret_members) / sizeof(secret_members[0]); i++) {
		const json_t *member = json_object_get(document, secret_members[i]);
		const char *s = json_string_value(member);

		if (s)
			key_wipe((void *)(uintptr_t)s, json_string_length(member));
	}
	json_decref(document);
}

void profile_state_free_text(char *text, size_t len)
{
	if (!text)
		return;
	key_wipe(text, len);
	free(text);
	ls_mem_give_back(len);
}

/* Reads a string that the state keeps. */
static char *read_owned(const struct json_at *at, const char *name, size_t max_len)
{
	const char *s = json_read_string(at, name, max_len);

	return s ? ls_strdup(s) : NULL;
}

/* Reads a secret and wipes its copy in the arena. */
static char *read_secret(const struct json_at *at, const char *name, size_t max_len)
{
	const char *s = json_read_string(at, name, max_len);
	char *owned = s ? ls_strdup(s) : NULL;

	if (s)
		key_wipe((void *)(uintptr_t)s, strlen(s));
	return owned;
}

static void read_keys(const struct json_at *at, struct node_state *state)
{
	struct machine_public_key machine;
	struct wg_public_key wg;
	struct json_at machine_at = json_member(at, "machine_public_key");
	struct json_at wg_at = json_member(at, "wg_public_key");

	json_read_key(at, "machine_private_key", state->machine_private_key.b);
	json_read_key(at, "machine_public_key", state->machine_public_key.b);
	json_read_key(at, "wg_private_key", state->wg_private_key.b);
	json_read_key(at, "wg_public_key", state->wg_public_key.b);
	if (at->decoder->code < 0)
		return;
	key_machine_public(&state->machine_private_key, &machine);
	key_wg_public(&state->wg_private_key, &wg);
	if (!key_equal(machine.b, state->machine_public_key.b))
		json_fail(&machine_at, LS_ERROR_BAD_VALUE,
		          "does not belong to machine_private_key");
	if (!key_equal(wg.b, state->wg_public_key.b))
		json_fail(&wg_at, LS_ERROR_BAD_VALUE, "does not belong to wg_private_key");
}

static void read_addresses(const struct json_at *at, struct node_state *state)
{
	struct json_at v4 = json_member(at, "ipv4"), v6 = json_member(at, "ipv6");

	if (json_present(&v4))
		json_read_ip(at, "ipv4", LS_FAMILY_V4, &state->ipv4);
	if (json_present(&v6))
		json_read_ip(at, "ipv6", LS_FAMILY_V6, &state->ipv6);
}

static void read_netmap(const struct json_at *at, struct node_state *state)
{
	struct json_at netmap = json_member(at, "last_netmap");
	int r;

	if (!json_present(&netmap))
		return;
	r = proto_netmap_decode(netmap.value, &state->last_netmap, &state->netmap_fail);
	/* A bad netmap must not make the node's keys unusable: the server's next answer brings a
	 * new one. */
	(void)r;
}

/* A bad floor must not make the node's keys unusable either. */
static int64_t read_floor(const struct json_at *at)
{
	struct json_at floor = json_member(at, "timestamp_floor");
	json_int_t n = json_integer_value(floor.value);

	return n > 0 && n < LS_STAMPS_FLOOR_MAX_S ? n : 0;
}

static void keep_unknown(const struct json_at *at, const json_t *document, struct node_state *state)
{
	json_t *unknown = json_copy((json_t *)(uintptr_t)document);

	if (!unknown) {
		json_fail(at, -ENOMEM, "out of memory");
		return;
	}
	for (size_t i = 0; i < sizeof(known_members) / sizeof(known_members[0]); i++)
		(void)json_object_del(unknown, known_members[i]);
	if (json_object_size(unknown) == 0) {
		json_decref(unknown);
		unknown = NULL;
	}
	state->unknown = unknown;
}

static void read_state(const struct json_at *at, bool with_netmap, struct node_state *state)
{
	struct json_at token = json_member(at, "node_token");
	struct json_at announced = json_member(at, "announced");

	state->profile = read_owned(at, "profile", LIMIT_READ_LEN);
	state->network_id = read_owned(at, "network_id", LIMIT_ID_LEN);
	state->node_id = read_owned(at, "node_id", LIMIT_ID_LEN);
	state->node_name = read_owned(at, "node_name", LIMIT_READ_LEN);
	if (json_present(&token))
		state->node_token = read_secret(at, "node_token", LIMIT_READ_LEN);
	state->updated_at = json_read_time_or(at, "updated_at", 0);
	profile_known_read(at, "known_addresses", &state->known);
	profile_servers_read(at, &state->servers);
	if (json_is_object(announced.value))
		state->announced = json_deep_copy(announced.value);
	state->timestamp_floor = read_floor(at);
	read_addresses(at, state);
	read_keys(at, state);
	if (at->decoder->code == 0 && with_netmap)
		read_netmap(at, state);
}

static int parse(const char *data, size_t len, const char *what, bool with_netmap,
                 struct node_state **ret, struct ls_fail *fail)
{
	struct ls_arena *arena = ls_arena_new(ARENA_MAX);
	struct json_decoder decoder = {.arena = arena, .fail = fail};
	struct json_at root;
	struct node_state *state;
	json_t *document = NULL;
	int r = json_parse(data, len, LIMIT_STATE_BYTES, what, &document, fail);

	if (r < 0) {
		ls_arena_free(arena);
		return r;
	}
	state = profile_state_new();
	root = json_root(&decoder, document, what);
	read_state(&root, with_netmap, state);
	if (decoder.code == 0)
		keep_unknown(&root, document, state);
	wipe_document(document);
	ls_arena_free(arena);
	if (decoder.code < 0) {
		profile_state_free(state);
		return decoder.code;
	}
	*ret = state;
	return 0;
}

static int load(const char *path, bool with_netmap, struct node_state **ret, struct ls_fail *fail)
{
	char *data = NULL;
	size_t len = 0;
	int r = ls_file_read(path, LIMIT_STATE_BYTES, &data, &len, fail);

	if (r < 0)
		return r;
	r = parse(data, len, path, with_netmap, ret, fail);
	profile_state_free_text(data, len);
	if (r == 0)
		(*ret)->stored = true;
	return r;
}

int profile_state_load(const char *path, struct node_state **ret, struct ls_fail *fail)
{
	return load(path, true, ret, fail);
}

int profile_state_load_fields(const char *path, struct node_state **ret, struct ls_fail *fail)
{
	return load(path, false, ret, fail);
}

static json_t *encode_state(const struct node_state *state)
{
	struct json_writer w = json_begin();

	json_put_string(&w, "profile", state->profile);
	json_put_string(&w, "network_id", state->network_id);
	json_put_string(&w, "node_id", state->node_id);
	json_put_string(&w, "node_name", state->node_name);
	json_put_key(&w, "machine_private_key", state->machine_private_key.b);
	json_put_key(&w, "machine_public_key", state->machine_public_key.b);
	json_put_key(&w, "wg_private_key", state->wg_private_key.b);
	json_put_key(&w, "wg_public_key", state->wg_public_key.b);
	json_put_string(&w, "node_token", state->node_token);
	json_put_ip(&w, "ipv4", &state->ipv4);
	json_put_ip(&w, "ipv6", &state->ipv6);
	json_put(&w, "last_netmap",
	         state->last_netmap ? proto_netmap_encode(state->last_netmap) : json_null());
	if (state->known.count > 0)
		json_put(&w, "known_addresses", profile_known_encode(&state->known));
	profile_servers_put(&w, &state->servers);
	if (state->announced)
		json_put(&w, "announced", json_incref(state->announced));
	if (state->timestamp_floor > 0)
		json_put_time(&w, "timestamp_floor", state->timestamp_floor);
	json_put_time(&w, "updated_at", state->updated_at);
	if (state->unknown && json_object_update_missing(w.object, state->unknown) < 0)
		w.failed = true;
	return json_finish(&w);
}

/* Encodes the file's text in one allocation, so that no copy of a key stays in freed memory. */
static char *dump_state(const struct node_state *state, size_t *ret_len)
{
	json_t *document = encode_state(state);
	size_t len = document ? json_dumpb(document, NULL, 0, JSON_INDENT(2)) : 0;
	char *text = len > 0 ? malloc(len + 1) : NULL;

	if (text && json_dumpb(document, text, len, JSON_INDENT(2)) == len) {
		text[len] = '\n';
		*ret_len = len + 1;
	} else {
		profile_state_free_text(text, len);
		text = NULL;
	}
	wipe_document(document);
	return text;
}

int profile_state_encode(struct node_state *state, int64_t now_s, char **ret_text, size_t *ret_len,
                         struct ls_fail *fail)
{
	char *text;

	state->updated_at = now_s;
	text = dump_state(state, ret_len);
	if (!text)
		return ls_fail_set(fail, -ENOMEM, "cannot write the state: out of memory");
	*ret_text = text;
	return 0;
}

int profile_state_write(const char *path, const char *text, size_t len, struct ls_fail *fail)
{
	return ls_file_replace(path, text, len, FILE_MODE, fail);
}

int profile_state_save(struct node_state *state, const char *path, int64_t now_s,
                       struct ls_fail *fail)
{
	char *text = NULL;
	size_t len = 0;
	int r;

	if (!state->stored && access(path, F_OK) == 0)
		return ls_fail_set(fail, -EEXIST,
		                   "%s is there already; it is not overwritten: move it away first",
		                   path);
	r = ls_file_make_parent(path, DIRECTORY_MODE, fail);
	if (r == 0)
		r = profile_state_encode(state, now_s, &text, &len, fail);
	if (r < 0)
		return r;
	r = profile_state_write(path, text, len, fail);
	profile_state_free_text(text, len);
	if (r == 0)
		state->stored = true;
	return r;
}

int profile_state_lock(const char *path, bool wait, int *ret_fd, struct ls_fail *fail)
{
	const char *slash = strrchr(path, '/');
	LS_FREE char *dir = slash ? ls_strdup(slash == path ? "/" : path) : ls_strdup(".");
	LS_CLOSE int fd = -1;
	int r;

	if (slash && slash != path)
		dir[slash - path] = '\0';
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return ls_fail_set(fail, -errno, "cannot open the state directory %s: %s", dir,
		                   strerror(errno));
	do
		r = flock(fd, LOCK_EX | (wait ? 0 : LOCK_NB));
	while (r < 0 && errno == EINTR);
	if (r < 0)
		return ls_fail_set(fail, -errno, "cannot lock the state directory %s: %s", dir,
		                   strerror(errno));
	*ret_fd = ls_steal_fd(&fd);
	return 0;
}

void profile_state_set_netmap(struct node_state *state, struct netmap *netmap)
{
	const struct peer_info *self = &netmap->node.peer;

	free(state->node_name);
	state->node_name = ls_strdup(self->name);
	state->ipv4 = self->ipv4;
	state->ipv6 = self->ipv6;
	if (netmap != state->last_netmap)
		proto_netmap_free(state->last_netmap);
	state->last_netmap = netmap;
	state->netmap_fail = (struct ls_fail){0};
}
