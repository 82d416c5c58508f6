/* SPDX-License-Identifier: Apache-2.0 */
/* Databases of older versions are migrated to the present one, with their whole content. */
#include <setjmp.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "server/state/state.h"
#include "server_changes.h"
#include "server_direct_store.h"
#include "server_schema_1.h"
#include "server_schema_2.h"

enum {
	NOW = 200
};

struct fixture {
	char folder[64];
	char old[96];    /* made by schema 1 */
	char second[96]; /* made by schema 2 */
	char fresh[96];  /* does not exist yet */
	struct ls_arena *arena;
};

static void make(const char *path, const char *const *scripts)
{
	sqlite3 *db = NULL;

	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	for (; *scripts; scripts++)
		assert_int_equal(sqlite3_exec(db, *scripts, NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	(void)snprintf(f->folder, sizeof(f->folder), "/tmp/ls-migrations-XXXXXX");
	assert_non_null(mkdtemp(f->folder));
	(void)snprintf(f->old, sizeof(f->old), "%s/old.db", f->folder);
	(void)snprintf(f->fresh, sizeof(f->fresh), "%s/fresh.db", f->folder);
	f->arena = ls_arena_new(1 << 20);
	(void)snprintf(f->second, sizeof(f->second), "%s/second.db", f->folder);
	make(f->old, (const char *const[]){server_schema_1, NULL});
	make(f->second, (const char *const[]){server_schema_1, server_schema_2, NULL});
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	static const char *const ends[] = {"", "-wal", "-shm", "-journal"};
	struct fixture *f = *state;
	const char *const paths[] = {f->old, f->second, f->fresh};
	char path[128];

	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		for (size_t k = 0; k < sizeof(ends) / sizeof(ends[0]); k++) {
			(void)snprintf(path, sizeof(path), "%s%s", paths[i], ends[k]);
			(void)unlink(path);
		}
	}
	(void)rmdir(f->folder);
	ls_arena_free(f->arena);
	free(f);
	return 0;
}

/* The one value that a query answers, in the fixture's arena. */
static const char *ask(struct fixture *f, const char *path, const char *sql)
{
	sqlite3_stmt *stmt = NULL;
	sqlite3 *db = NULL;
	const char *text;

	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &stmt, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
	text = (const char *)sqlite3_column_text(stmt, 0);
	assert_non_null(text);
	text = ls_arena_strdup(f->arena, text);
	assert_int_equal(sqlite3_finalize(stmt), SQLITE_OK);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
	return text;
}

static struct server_state *open_state(const char *path)
{
	struct server_state *opened = NULL;
	struct store *store = NULL;
	struct ls_fail fail;

	if (direct_store_open(path, &store, &fail) < 0 ||
	    state_open(store, NOW, &opened, &fail) < 0)
		fail_msg("%s", fail.text);
	return opened;
}

static struct audit_log audit_of(struct fixture *f, struct server_state *opened)
{
	static struct direct_rows rows;
	const struct store_read read = {.audit = {.limit = 100}};

	rows.arena = f->arena;
	assert_int_equal(direct_rows_read(&rows, state_store(opened), read), 0);
	/* The oldest first. */
	for (size_t i = 0; i < rows.count / 2; i++) {
		struct audit_entry swap = rows.entries[i];

		rows.entries[i] = rows.entries[rows.count - 1 - i];
		rows.entries[rows.count - 1 - i] = swap;
	}
	return (struct audit_log){.entries = rows.entries, .entry_count = rows.count};
}

static void expect_contents(struct server_state *opened)
{
	const struct network *network = state_network(opened, "net-a");
	const struct node *a = state_node(opened, "node-a"), *b = state_node(opened, "node-b");
	const struct token *token = state_token(opened, "0123456789abcdef");

	assert_true(network && a && b && token);
	assert_string_equal(network->record->info.name, "home");
	assert_int_equal(network->policy.default_action, ACL_DENY);
	assert_string_equal(a->record->info.peer.endpoints.items[0], "192.0.2.1:7");
	assert_int_equal(a->record->approved_at, 103);
	assert_true(b->record->has_approval_secret);
	assert_int_equal(network->pending, 1);
	assert_int_equal(token->record->uses_left, 3);
}

/* Old entries say nothing of who it was; new ones do; and the file stays what it is from then on.
 */
static void test_from_schema_1(void **state)
{
	struct fixture *f = *state;
	const struct origin admin = {.now = NOW,
	                             .source = {.family = LS_FAMILY_V4, .b = {192, 0, 2, 7}},
	                             .actor.kind = ACTOR_ADMIN};
	struct server_state *opened = open_state(f->old);
	struct audit_log log = audit_of(f, opened);
	struct ended ended;

	expect_contents(opened);
	assert_int_equal(log.entry_count, 3);
	for (size_t i = 0; i < log.entry_count; i++)
		assert_true(!log.entries[i].actor && !log.entries[i].actor_id &&
		            !log.entries[i].source);
	assert_string_equal(log.entries[1].detail, "laptop");
	assert_int_equal(
	        CHANGE(&ended, state_approve, opened, state_node(opened, "node-b"), &admin), 0);
	state_close(opened);
	opened = open_state(f->old);
	log = audit_of(f, opened);
	assert_int_equal(log.entry_count, 4);
	assert_string_equal(log.entries[0].id, "e1");
	assert_null(log.entries[2].actor);
	assert_string_equal(log.entries[3].action, "node.approve");
	assert_string_equal(log.entries[3].actor, "admin");
	assert_null(log.entries[3].actor_id);
	assert_string_equal(log.entries[3].source, "192.0.2.7");
	state_close(opened);
}

/* A network from before keeps its rules: the link approves, and a node lifts its own revocation. */
static void test_from_schema_2(void **state)
{
	const struct network_rules_given final = {.has_revocation = true,
	                                          .rules.revocation = NETWORK_REVOCATION_FINAL};
	const struct key_rotation rotation = {.has_wg = true,
	                                      .has_machine = true,
	                                      .wg_public_key.b = {7},
	                                      .machine_public_key.b = {7}};
	const struct origin admin = {.now = NOW, .actor.kind = ACTOR_ADMIN};
	const struct origin self = {.now = NOW, .actor = {.kind = ACTOR_NODE, .id = "node-r"}};
	struct fixture *f = *state;
	struct server_state *opened = open_state(f->second);
	struct network *network = state_network(opened, "net-a");
	struct audit_log log = audit_of(f, opened);
	struct ended ended;

	expect_contents(opened);
	assert_int_equal(network->record->rules.join, NETWORK_JOIN_LINK);
	assert_int_equal(network->record->rules.revocation, NETWORK_REVOCATION_ROTATE);
	assert_int_equal(network->record->revision, 9);
	assert_int_equal(log.entry_count, 4);
	assert_string_equal(log.entries[3].actor, "admin");
	assert_string_equal(log.entries[3].source, "192.0.2.9");
	assert_int_equal(CHANGE(&ended, state_keys_rotate, opened, state_node(opened, "node-r"),
	                        &rotation, &self),
	                 0);
	assert_true(state_node(opened, "node-r")->active);
	assert_int_equal(CHANGE(&ended, state_network_update, opened, network, &final, &admin), 0);
	assert_int_equal(
	        CHANGE(&ended, state_node_delete, opened, state_node(opened, "node-r"), &admin), 0);
	state_close(opened);
	assert_string_equal(ask(f, f->second,
	                        "SELECT group_concat(network_id || ' ' || since) FROM"
	                        " former_addresses"),
	                    "net-a 200");
	opened = open_state(f->second);
	network = state_network(opened, "net-a");
	assert_int_equal(network->record->rules.join, NETWORK_JOIN_LINK);
	assert_int_equal(network->record->rules.revocation, NETWORK_REVOCATION_FINAL);
	state_close(opened);
}

/* A database in which somebody has left thousands of entries and keys: those that come after them
 * leave fewer, and all that others have done stays. */
static void test_what_floods_have_left(void **state)
{
	static const char flood[] =
	        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2100)"
	        " INSERT INTO audit (id, timestamp, network_id, node_id, action, actor, source)"
	        " SELECT 'f' || i, 160, 'net-a', 'gone', 'node.register_url', 'anyone', '192.0.2.66'"
	        " FROM n;"
	        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300)"
	        " INSERT INTO audit (id, timestamp, network_id, node_id, action, actor, actor_id)"
	        " SELECT 'r' || i, 160, 'net-a', 'node-r', 'keys.rotate', 'node', 'node-r' FROM n;"
	        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300)"
	        " INSERT INTO keys (node_id, key_type, public_key, created_at, revoked_at)"
	        " SELECT 'node-r', 1, randomblob(32), 150, 160 FROM n";
	static const char strangers[] = "SELECT count(*) FROM audit WHERE actor = 'anyone'";
	struct fixture *f = *state;
	const struct origin self = {.now = NOW, .actor = {.kind = ACTOR_NODE, .id = "node-r"}};
	const struct origin stranger = {.now = NOW};
	struct key_rotation rotation = {.has_wg = true, .has_machine = true};
	struct register_url_request request = {.network_id = "net-a", .ttl_seconds = 600};
	struct server_state *opened;
	struct ended ended;
	char name[16];

	make(f->second, (const char *const[]){flood, NULL});
	opened = open_state(f->second);
	for (uint8_t i = 0; i < 12; i++) {
		(void)snprintf(name, sizeof(name), "n%d", i);
		request.node_name = name;
		request.wg_public_key.b[0] = 1;
		request.wg_public_key.b[1] = i;
		assert_int_equal(CHANGE(&ended, state_register_url, opened, &request, &stranger),
		                 0);
		rotation.wg_public_key.b[0] = 2;
		rotation.wg_public_key.b[1] = i;
		rotation.machine_public_key.b[0] = i;
		assert_int_equal(CHANGE(&ended, state_keys_rotate, opened,
		                        state_node(opened, "node-r"), &rotation, &self),
		                 0);
	}
	state_close(opened);
	assert_string_equal(ask(f, f->second, strangers), "2001");
	assert_string_equal(ask(f, f->second, "SELECT id FROM audit WHERE actor = 'anyone'"),
	                    "f112");
	assert_string_equal(ask(f, f->second, "SELECT action FROM audit ORDER BY seq DESC"),
	                    "keys.rotate");
	assert_string_equal(
	        ask(f, f->second, "SELECT count(*) FROM audit WHERE action = 'keys.rotate'"),
	        "100");
	assert_string_equal(ask(f, f->second,
	                        "SELECT count(*) || ' ' || sum(revoked_at = 0) FROM keys"
	                        " WHERE node_id = 'node-r'"),
	                    "102 2");
	assert_string_equal(ask(f, f->second,
	                        "SELECT count(*) FROM audit WHERE id IN ('e1', 'e2', 'e3', 'e4')"),
	                    "4");
}

/* A server of an older version says what to do, and changes nothing. */
static void test_older_server(void **state)
{
	struct fixture *f = *state;
	struct store *store = NULL;
	struct ls_fail fail;
	const char *newest;

	state_close(open_state(f->fresh));
	newest = ask(f, f->fresh, "PRAGMA user_version");
	make(f->fresh, (const char *const[]){"PRAGMA user_version = 99", NULL});
	assert_int_equal(direct_store_open(f->fresh, &store, &fail), LS_ERROR_BAD_VALUE);
	assert_non_null(strstr(fail.text, "was made by a newer lightscale-server (schema 99, this "
	                                  "one knows "));
	assert_non_null(strstr(fail.text, newest));
	assert_non_null(strstr(fail.text, "install that version"));
	assert_string_equal(ask(f, f->fresh, "PRAGMA user_version"), "99");
}

/* Whatever way a database came to this version, it has the same tables and indexes. */
static void test_same_schema_as_a_fresh_one(void **state)
{
	static const char columns[] =
	        "SELECT group_concat(name || ' ' || columns, '; ') FROM (SELECT m.name, (SELECT"
	        " group_concat(p.name || ' ' || p.type || ' ' || p.\"notnull\" || ' ' || p.pk)"
	        " FROM pragma_table_info(m.name) p) AS columns FROM sqlite_schema m"
	        " WHERE m.name NOT LIKE 'sqlite_%' ORDER BY m.name)";
	static const char indexes[] = "SELECT group_concat(sql, '; ') FROM (SELECT sql FROM"
	                              " sqlite_schema WHERE type = 'index' ORDER BY name)";
	struct fixture *f = *state;

	assert_string_equal(ask(f, f->old, "PRAGMA user_version"), "1");
	state_close(open_state(f->old));
	state_close(open_state(f->fresh));
	state_close(open_state(f->second));
	assert_string_equal(ask(f, f->old, columns), ask(f, f->fresh, columns));
	assert_string_equal(ask(f, f->second, columns), ask(f, f->fresh, columns));
	assert_string_equal(ask(f, f->old, indexes), ask(f, f->fresh, indexes));
	assert_string_equal(ask(f, f->second, indexes), ask(f, f->fresh, indexes));
	assert_string_equal(ask(f, f->old, "PRAGMA user_version"),
	                    ask(f, f->fresh, "PRAGMA user_version"));
	assert_string_equal(ask(f, f->old, "PRAGMA integrity_check"), "ok");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test_setup_teardown(test_from_schema_1, set_up, tear_down),
	        cmocka_unit_test_setup_teardown(test_from_schema_2, set_up, tear_down),
	        cmocka_unit_test_setup_teardown(test_what_floods_have_left, set_up, tear_down),
	        cmocka_unit_test_setup_teardown(test_older_server, set_up, tear_down),
	        cmocka_unit_test_setup_teardown(test_same_schema_as_a_fresh_one, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
