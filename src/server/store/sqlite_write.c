/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>

#include "server/store/sqlite_parts.h"
#include "json/json.h"

/* Binds parameters in order. `rc` keeps the first error, and run() returns it. */
struct binder {
	struct store_sqlite *store;
	sqlite3_stmt *stmt;
	int next;
	int rc;
};

static struct binder use(struct store_sqlite *s, enum sqlite_statement which)
{
	return (struct binder){.store = s, .stmt = s->statements[which], .next = 1};
}

static void note(struct binder *b, int rc)
{
	b->next++;
	if (b->rc == SQLITE_OK)
		b->rc = rc;
}

static void put_text(struct binder *b, const char *s)
{
	note(b, s ? sqlite3_bind_text(b->stmt, b->next, s, -1, SQLITE_STATIC)
	          : sqlite3_bind_null(b->stmt, b->next));
}

static void put_number(struct binder *b, int64_t n)
{
	note(b, sqlite3_bind_int64(b->stmt, b->next, n));
}

static void put_unsigned(struct binder *b, uint64_t n)
{
	put_number(b, n > INT64_MAX ? INT64_MAX : (int64_t)n);
}

static void put_blob(struct binder *b, const uint8_t data[static LS_KEY_LEN])
{
	note(b, sqlite3_bind_blob(b->stmt, b->next, data, LS_KEY_LEN, SQLITE_STATIC));
}

static void put_null(struct binder *b)
{
	note(b, sqlite3_bind_null(b->stmt, b->next));
}

static void put_ip(struct binder *b, const struct ls_ip *ip)
{
	char text[LS_IP_TEXT];

	note(b, sqlite3_bind_text(b->stmt, b->next, ls_ip_format(ip, text), -1, SQLITE_TRANSIENT));
}

static void put_prefix(struct binder *b, const struct ls_prefix *prefix)
{
	char text[LS_PREFIX_TEXT];

	note(b, sqlite3_bind_text(b->stmt, b->next, ls_prefix_format(prefix, text), -1,
	                          SQLITE_TRANSIENT));
}

/* Takes ownership of the array. It may be NULL: out of memory. */
static void put_json(struct binder *b, json_t *array)
{
	char *text = array ? json_text(array, NULL) : NULL;

	json_decref(array);
	note(b, text ? sqlite3_bind_text(b->stmt, b->next, text, -1, free) : SQLITE_NOMEM);
}

static void put_strings(struct binder *b, struct string_list list)
{
	json_t *array = json_array();
	bool ok = array != NULL;

	for (size_t i = 0; ok && i < list.count; i++)
		ok = json_append(array, json_string(list.items[i]));
	if (!ok) {
		json_decref(array);
		array = NULL;
	}
	put_json(b, array);
}

static void put_routes(struct binder *b, struct route_list list)
{
	put_json(b, proto_route_list_encode(&list));
}

static int run(struct binder *b)
{
	int rc = b->rc;

	if (rc == SQLITE_OK)
		rc = sqlite3_step(b->stmt);
	(void)sqlite3_reset(b->stmt);
	(void)sqlite3_clear_bindings(b->stmt);
	return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

static int run_bare(struct store_sqlite *s, enum sqlite_statement which)
{
	struct binder b = use(s, which);

	return run(&b);
}

static int run_on_id(struct store_sqlite *s, enum sqlite_statement which, const char *id)
{
	struct binder b = use(s, which);

	put_text(&b, id);
	return run(&b);
}

static int run_number_on_id(struct store_sqlite *s, enum sqlite_statement which, uint64_t number,
                            const char *id)
{
	struct binder b = use(s, which);

	put_unsigned(&b, number);
	put_text(&b, id);
	return run(&b);
}

static int write_network(struct store_sqlite *s, const struct network_record *n)
{
	struct binder b = use(s, SQLITE_NETWORK_PUT);

	put_text(&b, n->info.id);
	put_text(&b, n->info.name);
	put_prefix(&b, &n->info.overlay_v4);
	put_prefix(&b, &n->info.overlay_v6);
	put_text(&b, n->info.dns_domain);
	put_number(&b, n->info.requires_approval);
	if (n->info.has_key_max_age)
		put_unsigned(&b, n->info.key_rotation_max_age_seconds);
	else
		put_null(&b);
	put_text(&b, n->acl_json);
	put_unsigned(&b, n->revision);
	put_number(&b, n->created_at);
	put_text(&b, proto_network_join_name(n->rules.join));
	put_text(&b, proto_network_revocation_name(n->rules.revocation));
	return run(&b);
}

static void put_peer(struct binder *b, const struct node_record *n)
{
	const struct peer_info *peer = &n->info.peer;

	put_text(b, peer->id);
	put_text(b, n->network_id);
	put_text(b, peer->name);
	put_text(b, peer->dns_name);
	put_ip(b, &peer->ipv4);
	put_ip(b, &peer->ipv6);
	put_blob(b, peer->wg_public_key.b);
	put_blob(b, n->info.machine_public_key.b);
	put_number(b, n->wg_key_since);
	put_number(b, n->machine_key_since);
	put_strings(b, peer->endpoints);
	put_strings(b, peer->tags);
	put_routes(b, peer->routes);
}

static int write_node(struct store_sqlite *s, const struct node_record *n)
{
	struct binder b = use(s, SQLITE_NODE_PUT);

	put_peer(&b, n);
	put_text(&b, n->info.owner_user_id);
	put_text(&b, n->info.owner_email);
	put_number(&b, n->info.owner_is_admin);
	put_number(&b, n->info.peer.last_seen);
	put_number(&b, n->info.approved);
	put_number(&b, n->approved_at);
	put_number(&b, n->revoked_at);
	put_blob(&b, n->token_hash.b);
	if (n->has_approval_secret)
		put_blob(&b, n->approval_hash.b);
	else
		put_null(&b);
	put_number(&b, n->approval_expires_at);
	put_number(&b, n->created_at);
	if (n->requested_from.family != LS_FAMILY_NONE)
		put_ip(&b, &n->requested_from);
	else
		put_null(&b);
	return run(&b);
}

static int write_token(struct store_sqlite *s, const struct token_record *t)
{
	struct binder b = use(s, SQLITE_TOKEN_PUT);

	put_text(&b, t->id);
	put_text(&b, t->network_id);
	put_blob(&b, t->hash.b);
	put_number(&b, t->expires_at);
	put_unsigned(&b, t->uses_left);
	put_strings(&b, t->tags);
	put_text(&b, t->owner_user_id);
	put_text(&b, t->owner_email);
	put_number(&b, t->owner_is_admin);
	put_number(&b, t->revoked_at);
	return run(&b);
}

static int add_key(struct store_sqlite *s, const struct store_op *op)
{
	struct binder b = use(s, SQLITE_KEY_ADD);

	put_text(&b, op->id);
	put_number(&b, (int64_t)op->key.key_type);
	put_blob(&b, op->key.public_key);
	put_number(&b, op->key.created_at);
	put_number(&b, op->key.revoked_at);
	return run(&b);
}

static int revoke_key(struct store_sqlite *s, const struct store_op *op)
{
	struct binder b = use(s, SQLITE_KEY_REVOKE);

	put_number(&b, op->time);
	put_text(&b, op->id);
	put_number(&b, (int64_t)op->key.key_type);
	put_blob(&b, op->key.public_key);
	return run(&b);
}

static int add_audit(struct store_sqlite *s, const struct audit_entry *entry)
{
	struct binder b = use(s, SQLITE_AUDIT_ADD);
	char id[SQLITE_PLACE_TEXT];
	int64_t last;
	int rc = store_sqlite_last_entry(s, &last);

	if (rc != SQLITE_OK)
		return rc;
	store_sqlite_place_put(entry->id, last + 1, id);
	put_number(&b, last + 1);
	put_text(&b, id);
	put_number(&b, entry->timestamp);
	put_text(&b, entry->network_id);
	put_text(&b, entry->node_id);
	put_text(&b, entry->action);
	put_text(&b, entry->detail);
	put_text(&b, entry->actor);
	put_text(&b, entry->actor_id);
	put_text(&b, entry->source);
	return run(&b);
}

static int delete_with(struct store_sqlite *s, enum sqlite_statement parts,
                       enum sqlite_statement whole, const char *id)
{
	int rc = run_on_id(s, parts, id);

	return rc == SQLITE_OK ? run_on_id(s, whole, id) : rc;
}

static int delete_network(struct store_sqlite *s, const char *id)
{
	int rc = run_on_id(s, SQLITE_NETWORK_FORMER_DELETE, id);

	return rc == SQLITE_OK
	               ? delete_with(s, SQLITE_NETWORK_TOKENS_DELETE, SQLITE_NETWORK_DELETE, id)
	               : rc;
}

static int delete_node(struct store_sqlite *s, const struct store_op *op)
{
	int rc = op->time != 0 ? run_number_on_id(s, SQLITE_FORMER_ADD, (uint64_t)op->time, op->id)
	                       : SQLITE_OK;

	return rc == SQLITE_OK ? delete_with(s, SQLITE_NODE_KEYS_DELETE, SQLITE_NODE_DELETE, op->id)
	                       : rc;
}

static int trim_former(struct store_sqlite *s, const struct store_op *op)
{
	struct binder b = use(s, SQLITE_FORMER_TRIM);

	put_text(&b, op->id);
	put_number(&b, op->time);
	return run(&b);
}

static int trim(struct store_sqlite *s, enum sqlite_statement which, const struct store_op *op)
{
	struct binder b = use(s, which);

	put_text(&b, op->id);
	put_unsigned(&b, op->number);
	return run(&b);
}

static int write_op(struct store_sqlite *s, const struct store_op *op)
{
	switch (op->kind) {
	case STORE_NETWORK_PUT:
		return write_network(s, op->network);
	case STORE_NETWORK_DELETE:
		return delete_network(s, op->id);
	case STORE_REVISION:
		return run_number_on_id(s, SQLITE_REVISION, op->number, op->id);
	case STORE_NODE_PUT:
		return write_node(s, op->node);
	case STORE_NODE_SEEN:
		return run_number_on_id(s, SQLITE_NODE_SEEN, (uint64_t)op->time, op->id);
	case STORE_NODE_DELETE:
		return delete_node(s, op);
	case STORE_FORMER_TRIM:
		return trim_former(s, op);
	case STORE_TOKEN_PUT:
		return write_token(s, op->token);
	case STORE_KEY_ADD:
		return add_key(s, op);
	case STORE_KEY_REVOKE:
		return revoke_key(s, op);
	case STORE_AUDIT_ADD:
		return add_audit(s, op->audit);
	case STORE_TRIM_STRANGERS:
		return trim(s, SQLITE_TRIM_STRANGERS, op);
	case STORE_TRIM_ROTATIONS:
		return trim(s, SQLITE_TRIM_ROTATIONS, op);
	case STORE_TRIM_KEYS:
		return trim(s, SQLITE_TRIM_KEYS, op);
	}
	return SQLITE_MISUSE;
}

static bool in_transaction(const struct store_sqlite *s)
{
	return !sqlite3_get_autocommit(s->db);
}

static void roll_back(struct store_sqlite *s)
{
	if (in_transaction(s))
		(void)sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
}

int store_sqlite_begin(struct store_sqlite *s, struct ls_fail *fail)
{
	int r = store_sqlite_files_check(s, fail);

	if (r < 0)
		return r;
	if (run_bare(s, SQLITE_BEGIN) != SQLITE_OK)
		return store_sqlite_fail(s, "write", fail);
	r = store_sqlite_files_check_wal(s, fail);
	if (r < 0)
		roll_back(s);
	return r;
}

static int lost(const struct store_sqlite *s, struct ls_fail *fail)
{
	return ls_fail_set(fail, s->lost.code, "%s", s->lost.text);
}

int store_sqlite_add(struct store_sqlite *s, const struct store_commit *commit,
                     struct ls_fail *fail)
{
	int rc, r;

	if (!in_transaction(s))
		return lost(s, fail);
	rc = run_bare(s, SQLITE_SAVE);
	for (size_t i = 0; rc == SQLITE_OK && i < commit->count; i++)
		rc = write_op(s, &commit->ops[i]);
	if (rc == SQLITE_OK)
		rc = run_bare(s, SQLITE_SAVE_END);
	if (rc == SQLITE_OK)
		return 0;
	r = store_sqlite_fail(s, "write", fail);
	/* After some errors, SQLite rolls the whole transaction back by itself. */
	if (in_transaction(s) && (run_bare(s, SQLITE_SAVE_UNDO) != SQLITE_OK ||
	                          run_bare(s, SQLITE_SAVE_END) != SQLITE_OK))
		roll_back(s);
	if (!in_transaction(s))
		s->lost = *fail;
	return r;
}

int store_sqlite_end(struct store_sqlite *s, struct ls_fail *fail)
{
	int r;

	if (!in_transaction(s))
		return lost(s, fail);
	/* As late as possible: what is written to a deleted file is gone when the process ends. */
	r = store_sqlite_files_check(s, fail);
	if (r == 0)
		r = store_sqlite_files_check_wal(s, fail);
	if (r == 0 && run_bare(s, SQLITE_COMMIT) != SQLITE_OK)
		r = store_sqlite_fail(s, "write", fail);
	if (r < 0)
		roll_back(s);
	return r;
}

int store_sqlite_probe(struct store_sqlite *s, struct ls_fail *fail)
{
	int r = store_sqlite_begin(s, fail);

	if (r < 0)
		return r;
	if (run_bare(s, SQLITE_PROBE) == SQLITE_OK)
		return store_sqlite_end(s, fail);
	r = store_sqlite_fail(s, "write", fail);
	roll_back(s);
	return r;
}
