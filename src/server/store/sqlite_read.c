/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <jansson.h>
#include <string.h>

#include "proto/limits.h"
#include "server/store/sqlite.h"
#include "json/json.h"

enum {
	ROW_ARENA_MAX = 4 << 20,
};

/* Reads the columns of a row in order. An invalid value marks the row as bad: the server did not
 * write it, so another program changed the database. */
struct row {
	sqlite3_stmt *stmt;
	struct ls_arena *arena;
	int next;
	bool bad;
};

static const char *get_text_or_null(struct row *row)
{
	const char *s = (const char *)sqlite3_column_text(row->stmt, row->next++);
	char *copy = s ? ls_arena_strdup(row->arena, s) : NULL;

	if (s && !copy)
		row->bad = true;
	return copy;
}

static const char *get_text(struct row *row)
{
	const char *s = get_text_or_null(row);

	if (!s)
		row->bad = true;
	return s ? s : "";
}

static int64_t get_number(struct row *row)
{
	return sqlite3_column_int64(row->stmt, row->next++);
}

static uint64_t get_unsigned(struct row *row)
{
	int64_t n = get_number(row);

	if (n < 0)
		row->bad = true;
	return n < 0 ? 0 : (uint64_t)n;
}

static bool get_flag(struct row *row)
{
	return get_number(row) != 0;
}

/* False for NULL, and for a blob of another length, which is bad. */
static bool get_blob_or_null(struct row *row, uint8_t ret[static LS_KEY_LEN])
{
	int i = row->next++;
	const void *data = sqlite3_column_blob(row->stmt, i);

	if (!data)
		return false;
	if (sqlite3_column_bytes(row->stmt, i) != LS_KEY_LEN) {
		row->bad = true;
		return false;
	}
	memcpy(ret, data, LS_KEY_LEN);
	return true;
}

static void get_blob(struct row *row, uint8_t ret[static LS_KEY_LEN])
{
	if (!get_blob_or_null(row, ret))
		row->bad = true;
}

static void get_ip(struct row *row, enum ls_family family, struct ls_ip *ret)
{
	if (ls_ip_parse(get_text(row), ret) < 0 || ret->family != family)
		row->bad = true;
}

static void get_prefix(struct row *row, enum ls_family family, struct ls_prefix *ret)
{
	if (ls_prefix_parse(get_text(row), ret) < 0 || ret->ip.family != family)
		row->bad = true;
}

/* Parses an array and returns it as the member "list" of an object; NULL when it is bad. */
static json_t *get_list(struct row *row)
{
	json_t *array = json_loads(get_text(row), JSON_REJECT_DUPLICATES, NULL);
	json_t *object = array ? json_pack("{s:o}", "list", array) : NULL;

	if (!object)
		row->bad = true;
	return object;
}

static void get_strings(struct row *row, struct string_list *ret)
{
	json_t *json = get_list(row);
	struct json_decoder decoder = {.arena = row->arena};
	struct json_at root = json_root(&decoder, json, "row");

	if (json)
		*ret = json_read_strings(&root, "list", LIMIT_LISTED, LIMIT_TEXT_LEN);
	row->bad = row->bad || decoder.code < 0;
	json_decref(json);
}

static void get_routes(struct row *row, struct route_list *ret)
{
	json_t *json = get_list(row);
	struct json_decoder decoder = {.arena = row->arena};
	struct json_at root = json_root(&decoder, json, "row");

	if (json)
		*ret = proto_route_list_read(&root, "list");
	row->bad = row->bad || decoder.code < 0;
	json_decref(json);
}

static void read_network(struct row *row, struct network_record *n)
{
	n->info.id = get_text(row);
	n->info.name = get_text(row);
	get_prefix(row, LS_FAMILY_V4, &n->info.overlay_v4);
	get_prefix(row, LS_FAMILY_V6, &n->info.overlay_v6);
	n->info.dns_domain = get_text(row);
	n->info.requires_approval = get_flag(row);
	n->info.has_key_max_age = sqlite3_column_type(row->stmt, row->next) != SQLITE_NULL;
	n->info.key_rotation_max_age_seconds = get_unsigned(row);
	n->acl_json = get_text(row);
	n->revision = get_unsigned(row);
	n->created_at = get_number(row);
	if (!proto_network_join_parse(get_text(row), &n->rules.join))
		row->bad = true;
	if (!proto_network_revocation_parse(get_text(row), &n->rules.revocation))
		row->bad = true;
}

static void read_token(struct row *row, struct token_record *t)
{
	t->id = get_text(row);
	t->network_id = get_text(row);
	get_blob(row, t->hash.b);
	t->expires_at = get_number(row);
	t->uses_left = get_unsigned(row);
	get_strings(row, &t->tags);
	t->owner_user_id = get_text_or_null(row);
	t->owner_email = get_text_or_null(row);
	t->owner_is_admin = get_flag(row);
	t->revoked_at = get_number(row);
}

static void read_peer(struct row *row, struct node_record *n)
{
	struct peer_info *peer = &n->info.peer;

	peer->id = get_text(row);
	n->network_id = get_text(row);
	peer->name = get_text(row);
	peer->dns_name = get_text(row);
	get_ip(row, LS_FAMILY_V4, &peer->ipv4);
	get_ip(row, LS_FAMILY_V6, &peer->ipv6);
	get_blob(row, peer->wg_public_key.b);
	get_blob(row, n->info.machine_public_key.b);
	n->wg_key_since = get_number(row);
	n->machine_key_since = get_number(row);
	get_strings(row, &peer->endpoints);
	get_strings(row, &peer->tags);
	get_routes(row, &peer->routes);
}

static void read_node(struct row *row, struct node_record *n)
{
	const char *from;

	read_peer(row, n);
	n->info.owner_user_id = get_text_or_null(row);
	n->info.owner_email = get_text_or_null(row);
	n->info.owner_is_admin = get_flag(row);
	n->info.peer.last_seen = get_number(row);
	n->info.approved = get_flag(row);
	n->approved_at = get_number(row);
	n->revoked_at = get_number(row);
	n->info.revoked = n->revoked_at != 0;
	get_blob(row, n->token_hash.b);
	n->has_approval_secret = get_blob_or_null(row, n->approval_hash.b);
	n->approval_expires_at = get_number(row);
	n->created_at = get_number(row);
	from = get_text_or_null(row);
	if (from && ls_ip_parse(from, &n->requested_from) < 0)
		row->bad = true;
}

static int load_row(struct row *row, enum sqlite_statement which, const struct store_loader *loader,
                    struct ls_fail *fail)
{
	struct network_record network = {0};
	struct token_record token = {0};
	struct node_record node = {0};
	const char *id;

	if (which == SQLITE_NETWORKS)
		read_network(row, &network);
	else if (which == SQLITE_TOKENS)
		read_token(row, &token);
	else
		read_node(row, &node);
	id = (const char *)sqlite3_column_text(row->stmt, 0);
	if (row->bad)
		return ls_fail_set(fail, LS_ERROR_BAD_VALUE, "row %s holds an invalid value",
		                   id ? id : "?");
	if (which == SQLITE_NETWORKS)
		return loader->network(loader->context, &network, fail);
	if (which == SQLITE_TOKENS)
		return loader->token(loader->context, &token, fail);
	return loader->node(loader->context, &node, fail);
}

static int load_table(struct sqlite_store *s, enum sqlite_statement which,
                      const struct store_loader *loader, struct ls_fail *fail)
{
	sqlite3_stmt *stmt = s->statements[which];
	int rc, r = 0;

	while (r == 0 && (rc = sqlite3_step(stmt)) != SQLITE_DONE) {
		struct row row = {.stmt = stmt};

		if (rc != SQLITE_ROW) {
			r = store_sqlite_fail(s, "read", fail);
			break;
		}
		row.arena = ls_arena_new(ROW_ARENA_MAX);
		r = load_row(&row, which, loader, fail);
		ls_arena_free(row.arena);
		if (r < 0)
			(void)ls_fail_prefix(fail, "database %s", s->path);
	}
	(void)sqlite3_reset(stmt);
	return r;
}

int store_sqlite_load(struct store *store, const struct store_loader *loader, struct ls_fail *fail)
{
	struct sqlite_store *s = (struct sqlite_store *)store;
	int r = load_table(s, SQLITE_NETWORKS, loader, fail);

	if (r == 0)
		r = load_table(s, SQLITE_TOKENS, loader, fail);
	if (r == 0)
		r = load_table(s, SQLITE_NODES, loader, fail);
	return r;
}

static void read_audit(struct row *row, struct audit_entry *entry)
{
	entry->id = get_text(row);
	entry->timestamp = get_number(row);
	entry->network_id = get_text_or_null(row);
	entry->node_id = get_text_or_null(row);
	entry->action = get_text(row);
	entry->detail = get_text_or_null(row);
	entry->actor = get_text_or_null(row);
	entry->actor_id = get_text_or_null(row);
	entry->source = get_text_or_null(row);
}

static void read_key(struct row *row, struct key_record *key)
{
	key->key_type = get_number(row) == KEY_TYPE_MACHINE ? KEY_TYPE_MACHINE : KEY_TYPE_WIREGUARD;
	get_blob(row, key->public_key);
	key->created_at = get_number(row);
	key->revoked_at = get_number(row);
}

/* Steps to the next row and makes room for it in an array that grows in the arena. 1: there is a
 * row; 0: there is none; -EIO, -ENOMEM. */
static int next_row(struct row *row, void **items, size_t *cap, size_t count, size_t size)
{
	int rc = sqlite3_step(row->stmt);
	void *grown;

	if (rc != SQLITE_ROW)
		return rc == SQLITE_DONE ? 0 : -EIO;
	row->next = 0;
	if (count < *cap)
		return 1;
	grown = ls_arena_alloc(row->arena, *cap ? *cap * 2 : 16, size);
	if (!grown)
		return -ENOMEM;
	if (count > 0)
		memcpy(grown, *items, count * size);
	*items = grown;
	*cap = *cap ? *cap * 2 : 16;
	return 1;
}

static int finish_read(struct sqlite_store *s, struct row *row, int r, struct ls_fail *fail)
{
	if (r == 0 && row->bad)
		r = ls_fail_set(fail, -EIO, "database %s holds an invalid value", s->path);
	else if (r == -ENOMEM)
		r = ls_fail_set(fail, r, "the answer is too long; ask with a smaller limit");
	else if (r < 0)
		r = store_sqlite_fail(s, "read", fail);
	(void)sqlite3_reset(row->stmt);
	(void)sqlite3_clear_bindings(row->stmt);
	return r;
}

int store_sqlite_audit(struct store *store, const struct audit_query *query, struct ls_arena *arena,
                       struct audit_log *ret, struct ls_fail *fail)
{
	struct sqlite_store *s = (struct sqlite_store *)store;
	struct row row = {.stmt = s->statements[SQLITE_AUDIT], .arena = arena};
	void *items = NULL;
	size_t cap = 0, count = 0;
	struct audit_entry *entries;
	int r;

	(void)sqlite3_bind_text(row.stmt, 1, query->network_id, -1, SQLITE_STATIC);
	(void)sqlite3_bind_text(row.stmt, 2, query->node_id, -1, SQLITE_STATIC);
	(void)sqlite3_bind_int64(row.stmt, 3,
	                         query->limit > INT64_MAX ? INT64_MAX : (int64_t)query->limit);
	while ((r = next_row(&row, &items, &cap, count, sizeof(*entries))) > 0)
		read_audit(&row, (struct audit_entry *)items + count++);
	r = finish_read(s, &row, r, fail);
	if (r < 0)
		return r;
	entries = items;
	/* The query gives the newest entry first; callers get the oldest first. */
	for (size_t i = 0; i < count / 2; i++) {
		struct audit_entry swap = entries[i];

		entries[i] = entries[count - 1 - i];
		entries[count - 1 - i] = swap;
	}
	*ret = (struct audit_log){.entries = entries, .entry_count = count};
	return 0;
}

int store_sqlite_keys(struct store *store, const char *node_id, struct ls_arena *arena,
                      struct key_history *ret, struct ls_fail *fail)
{
	struct sqlite_store *s = (struct sqlite_store *)store;
	struct row row = {.stmt = s->statements[SQLITE_KEYS], .arena = arena};
	void *items = NULL;
	size_t cap = 0, count = 0;
	int r;

	(void)sqlite3_bind_text(row.stmt, 1, node_id, -1, SQLITE_STATIC);
	while ((r = next_row(&row, &items, &cap, count, sizeof(struct key_record))) > 0)
		read_key(&row, (struct key_record *)items + count++);
	r = finish_read(s, &row, r, fail);
	if (r < 0)
		return r;
	*ret = (struct key_history){.node_id = node_id, .keys = items, .key_count = count};
	return 0;
}
