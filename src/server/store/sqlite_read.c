/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <jansson.h>
#include <string.h>

#include "base/str.h"
#include "proto/limits.h"
#include "server/store/sqlite_parts.h"
#include "json/json.h"

enum {
	ROW_ARENA_MAX = 4 << 20,
	SLICE_ROWS = 256,
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

static void read_former(struct row *row, struct former_record *former)
{
	former->network_id = get_text(row);
	get_ip(row, LS_FAMILY_V4, &former->ipv4);
	get_ip(row, LS_FAMILY_V6, &former->ipv6);
	former->since = get_number(row);
}

static int load_row(struct row *row, enum sqlite_statement which, const struct store_loader *loader,
                    struct ls_fail *fail)
{
	struct network_record network = {0};
	struct token_record token = {0};
	struct node_record node = {0};
	struct former_record former = {0};
	const char *id;

	if (which == SQLITE_NETWORKS)
		read_network(row, &network);
	else if (which == SQLITE_TOKENS)
		read_token(row, &token);
	else if (which == SQLITE_NODES)
		read_node(row, &node);
	else
		read_former(row, &former);
	id = (const char *)sqlite3_column_text(row->stmt, 0);
	if (row->bad)
		return ls_fail_set(fail, LS_ERROR_BAD_VALUE, "row %s holds an invalid value",
		                   id ? id : "?");
	if (which == SQLITE_NETWORKS)
		return loader->network(loader->context, &network, fail);
	if (which == SQLITE_TOKENS)
		return loader->token(loader->context, &token, fail);
	if (which == SQLITE_NODES)
		return loader->node(loader->context, &node, fail);
	return loader->former(loader->context, &former, fail);
}

static int load_table(struct store_sqlite *s, enum sqlite_statement which,
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

int store_sqlite_load(struct store_sqlite *s, const struct store_loader *loader,
                      struct ls_fail *fail)
{
	int r = load_table(s, SQLITE_NETWORKS, loader, fail);

	if (r == 0)
		r = load_table(s, SQLITE_TOKENS, loader, fail);
	if (r == 0)
		r = load_table(s, SQLITE_NODES, loader, fail);
	if (r == 0)
		r = load_table(s, SQLITE_FORMER, loader, fail);
	return r;
}

static int give_audit(struct row *row, const struct store_read *read, struct ls_fail *fail)
{
	struct audit_entry entry = {.id = get_text(row),
	                            .timestamp = get_number(row),
	                            .network_id = get_text_or_null(row),
	                            .node_id = get_text_or_null(row),
	                            .action = get_text(row),
	                            .detail = get_text_or_null(row),
	                            .actor = get_text_or_null(row),
	                            .actor_id = get_text_or_null(row),
	                            .source = get_text_or_null(row)};
	const char *network = read->audit.network_id;

	/* When the query names a node, the statement looks at nothing else. */
	if (row->bad || (network && !ls_streq(entry.network_id, network)))
		return 0;
	return read->on_audit(read->context, &entry, fail) < 0 ? fail->code : 1;
}

static int give_key(struct row *row, const struct store_read *read, struct ls_fail *fail)
{
	struct key_record key = {.key_type = get_number(row) == KEY_TYPE_MACHINE
	                                             ? KEY_TYPE_MACHINE
	                                             : KEY_TYPE_WIREGUARD};

	get_blob(row, key.public_key);
	key.created_at = get_number(row);
	key.revoked_at = get_number(row);
	if (row->bad)
		return 0;
	return read->on_key(read->context, &key, fail) < 0 ? fail->code : 1;
}

/* Gives the caller the row that the statement is at, and notes how far the read has come. */
static int give_row(struct store_sqlite *s, sqlite3_stmt *stmt, struct store_read *read,
                    struct ls_fail *fail)
{
	struct row row = {.stmt = stmt, .arena = ls_arena_new(ROW_ARENA_MAX)};
	int r;

	read->at = get_number(&row);
	r = read->kind == STORE_READ_AUDIT ? give_audit(&row, read, fail)
	                                   : give_key(&row, read, fail);
	if (row.bad)
		r = ls_fail_set(fail, -EIO, "database %s holds an invalid value", s->path);
	ls_arena_free(row.arena);
	read->given += r > 0;
	return r < 0 ? r : 0;
}

int store_sqlite_last_entry(struct store_sqlite *s, int64_t *ret)
{
	sqlite3_stmt *stmt = s->statements[SQLITE_AUDIT_LAST];
	int rc = sqlite3_step(stmt);

	*ret = rc == SQLITE_ROW ? sqlite3_column_int64(stmt, 0) : 0;
	(void)sqlite3_reset(stmt);
	return rc == SQLITE_ROW ? SQLITE_OK : rc;
}

/* The entry may have been deleted after the client has read it: then its id says where it was. */
static int find_deleted(struct store_sqlite *s, const char *id, int64_t *ret, struct ls_fail *fail)
{
	int64_t last = 0;

	if (store_sqlite_last_entry(s, &last) != SQLITE_OK)
		return store_sqlite_fail(s, "read", fail);
	if (store_sqlite_place_get(id, ret) && *ret <= last)
		return 0;
	return ls_fail_set(fail, LS_ERROR_BAD_VALUE, "the audit log has no entry with this id");
}

/* Finds the place of the entry that a query begins at. */
static int find_entry(struct store_sqlite *s, const char *id, int64_t *ret, struct ls_fail *fail)
{
	sqlite3_stmt *stmt = s->statements[SQLITE_AUDIT_SEQ];
	int rc, r = 0;

	(void)sqlite3_bind_text(stmt, 1, id, -1, SQLITE_STATIC);
	rc = sqlite3_step(stmt);
	if (rc == SQLITE_ROW)
		*ret = sqlite3_column_int64(stmt, 0);
	else if (rc != SQLITE_DONE)
		r = store_sqlite_fail(s, "read", fail);
	(void)sqlite3_reset(stmt);
	(void)sqlite3_clear_bindings(stmt);
	return rc == SQLITE_DONE ? find_deleted(s, id, ret, fail) : r;
}

static int begin_read(struct store_sqlite *s, struct store_read *read, struct ls_fail *fail)
{
	const struct audit_query *query = &read->audit;
	int r = 0;

	if (read->kind == STORE_READ_KEYS)
		read->at = INT64_MIN;
	else if (query->after)
		r = find_entry(s, query->after, &read->at, fail);
	else if (query->before)
		r = find_entry(s, query->before, &read->at, fail);
	else
		read->at = INT64_MAX;
	read->begun = r == 0;
	return r;
}

static sqlite3_stmt *statement_for(struct store_sqlite *s, const struct store_read *read,
                                   const char **ret_id)
{
	const struct audit_query *query = &read->audit;
	enum sqlite_statement which = query->after ? SQLITE_AUDIT_UP : SQLITE_AUDIT_DOWN;

	if (read->kind == STORE_READ_KEYS) {
		*ret_id = read->node_id;
		return s->statements[SQLITE_KEYS];
	}
	*ret_id = query->node_id ? query->node_id : query->network_id;
	if (query->node_id)
		which = query->after ? SQLITE_AUDIT_UP_NODE : SQLITE_AUDIT_DOWN_NODE;
	else if (query->network_id)
		which = query->after ? SQLITE_AUDIT_UP_NETWORK : SQLITE_AUDIT_DOWN_NETWORK;
	return s->statements[which];
}

int store_sqlite_read(struct store_sqlite *s, struct store_read *read, bool *ret_more,
                      struct ls_fail *fail)
{
	int rc = SQLITE_ROW, r = read->begun ? 0 : begin_read(s, read, fail);
	const char *id = NULL;
	sqlite3_stmt *stmt;
	size_t rows = 0;
	bool full = false;

	*ret_more = false;
	if (r < 0)
		return r;
	stmt = statement_for(s, read, &id);
	(void)sqlite3_bind_int64(stmt, 1, read->at);
	(void)sqlite3_bind_int(stmt, 2, SLICE_ROWS);
	if (id)
		(void)sqlite3_bind_text(stmt, 3, id, -1, SQLITE_STATIC);
	for (; r == 0 && !full && (rc = sqlite3_step(stmt)) == SQLITE_ROW; rows++) {
		r = give_row(s, stmt, read, fail);
		full = read->kind == STORE_READ_AUDIT && read->given >= read->audit.limit;
	}
	if (r == 0 && rc != SQLITE_ROW && rc != SQLITE_DONE)
		r = store_sqlite_fail(s, "read", fail);
	(void)sqlite3_reset(stmt);
	(void)sqlite3_clear_bindings(stmt);
	*ret_more = r == 0 && !full && rows == SLICE_ROWS;
	if (r == 0 && !*ret_more && read->on_end)
		r = read->on_end(read->context, fail);
	return r;
}
