/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <setjmp.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "server_direct_store.h"

struct fixture {
	char folder[64];
	char path[96];
	struct store *store;
	struct ls_arena *arena;
	/* What a load found. */
	struct network_record *network;
	struct token_record *token;
	struct node_record *nodes[4];
	char former[256]; /* "network v4 v6 since; .." */
	size_t networks, tokens, node_count;
};

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct ls_fail fail;

	assert_non_null(f);
	(void)snprintf(f->folder, sizeof(f->folder), "/tmp/ls-store-XXXXXX");
	assert_non_null(mkdtemp(f->folder));
	(void)snprintf(f->path, sizeof(f->path), "%s/sub/s.db", f->folder);
	f->arena = ls_arena_new(1 << 20);
	assert_int_equal(direct_store_open(f->path, &f->store, &fail), 0);
	*state = f;
	return 0;
}

static void forget(struct fixture *f)
{
	free(f->network);
	free(f->token);
	for (size_t i = 0; i < f->node_count; i++)
		free(f->nodes[i]);
	f->network = NULL;
	f->token = NULL;
	f->networks = f->tokens = f->node_count = 0;
	f->former[0] = '\0';
}

static int tear_down(void **state)
{
	static const char *const ends[] = {"", "-wal", "-shm", "-journal"};
	struct fixture *f = *state;
	char path[128];

	if (f->store)
		f->store->ops->close(f->store);
	forget(f);
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		(void)snprintf(path, sizeof(path), "%s%s", f->path, ends[i]);
		(void)unlink(path);
	}
	(void)snprintf(path, sizeof(path), "%s/sub", f->folder);
	(void)rmdir(path);
	(void)rmdir(f->folder);
	ls_arena_free(f->arena);
	free(f);
	return 0;
}

static int keep_network(void *context, const struct network_record *record, struct ls_fail *fail)
{
	struct fixture *f = context;

	(void)fail;
	f->networks++;
	f->network = store_network_record_new(record);
	return 0;
}

static int keep_token(void *context, const struct token_record *record, struct ls_fail *fail)
{
	struct fixture *f = context;

	(void)fail;
	f->tokens++;
	f->token = store_token_record_new(record);
	return 0;
}

static int keep_node(void *context, const struct node_record *record, struct ls_fail *fail)
{
	struct fixture *f = context;

	(void)fail;
	assert_true(f->node_count < 4);
	f->nodes[f->node_count++] = store_node_record_new(record);
	return 0;
}

static int keep_former(void *context, const struct former_record *record, struct ls_fail *fail)
{
	struct fixture *f = context;
	size_t used = strlen(f->former);
	char v4[LS_IP_TEXT], v6[LS_IP_TEXT];

	(void)fail;
	(void)snprintf(f->former + used, sizeof(f->former) - used, "%s %s %s %d; ",
	               record->network_id, ls_ip_format(&record->ipv4, v4),
	               ls_ip_format(&record->ipv6, v6), (int)record->since);
	return 0;
}

/* Closes the file, opens it again and loads everything. */
static void reload(struct fixture *f)
{
	const struct store_loader loader = {.context = f,
	                                    .network = keep_network,
	                                    .token = keep_token,
	                                    .node = keep_node,
	                                    .former = keep_former};
	struct ls_fail fail;

	f->store->ops->close(f->store);
	f->store = NULL;
	forget(f);
	assert_int_equal(direct_store_open(f->path, &f->store, &fail), 0);
	assert_int_equal(f->store->ops->load(f->store, &loader, &fail), 0);
}

struct end {
	unsigned times;
	int result;
};

static void on_done(void *arg, int result, const struct ls_fail *fail)
{
	struct end *end = arg;

	assert_int_equal(result < 0, fail->text[0] != '\0');
	end->times++;
	end->result = result;
}

static int commit(struct fixture *f, const struct store_op *ops, size_t count)
{
	struct end end = {0};
	struct store_commit commit = {
	        .job = {.done = on_done, .arg = &end}, .ops = ops, .count = count};

	f->store->ops->commit(f->store, &commit);
	assert_int_equal(end.times, 1);
	return end.result;
}

static struct network_record network_a(void)
{
	struct network_record n = {.info = {.id = "net-a",
	                                    .name = "büro",
	                                    .dns_domain = "a.example",
	                                    .requires_approval = true,
	                                    .has_key_max_age = true,
	                                    .key_rotation_max_age_seconds = 77},
	                           .acl_json = "{\"rules\":[]}",
	                           .revision = 5,
	                           .created_at = 11};

	assert_int_equal(ls_prefix_parse("10.0.0.0/24", &n.info.overlay_v4), 0);
	assert_int_equal(ls_prefix_parse("fd00::/64", &n.info.overlay_v6), 0);
	return n;
}

static struct node_record node_of(const char *id, uint8_t number)
{
	static const char *const endpoints[] = {"1.2.3.4:5", "[::1]:6"};
	static const char *const tags[] = {"x"};
	static const struct route routes[] = {
	        {.prefix = {.ip = {.family = LS_FAMILY_V4, .b = {192, 168, 1}}, .bits = 24},
	         .kind = ROUTE_SUBNET,
	         .enabled = true,
	         .has_mapped = true,
	         .mapped_prefix = {.ip = {.family = LS_FAMILY_V4, .b = {10, 9, 9}}, .bits = 24}},
	        {.prefix = {.ip = {.family = LS_FAMILY_V6}, .bits = 0}, .kind = ROUTE_EXIT},
	};
	struct node_record n = {
	        .info = {.peer = {.id = id,
	                          .name = id,
	                          .dns_name = "n.a.example",
	                          .ipv4 = {.family = LS_FAMILY_V4, .b = {10, 0, 0, number}},
	                          .ipv6 = {.family = LS_FAMILY_V6, .b = {0xfd, [15] = number}},
	                          .wg_public_key.b = {1, number},
	                          .endpoints = {.items = endpoints, .count = 2},
	                          .tags = {.items = tags, .count = 1},
	                          .routes = {.items = routes, .count = 2},
	                          .last_seen = 33},
	                 .machine_public_key.b = {2, number},
	                 .owner_email = "o@example.org",
	                 .owner_is_admin = true,
	                 .approved = true},
	        .network_id = "net-a",
	        .token_hash.b = {3},
	        .has_approval_secret = number == 10,
	        .approval_hash.b = {4},
	        .approval_expires_at = 44,
	        .requested_from = {.family = LS_FAMILY_V4, .b = {192, 0, 2, number}},
	        .created_at = 55,
	        .approved_at = 66,
	        .wg_key_since = 77,
	        .machine_key_since = 88};

	return n;
}

static void put_all(struct fixture *f)
{
	const struct network_record network = network_a();
	const struct node_record a = node_of("node-a", 10), b = node_of("node-b", 11);
	static const char *const tags[] = {"one", "two"};
	const struct token_record token = {.id = "0123",
	                                   .network_id = "net-a",
	                                   .hash.b = {9},
	                                   .expires_at = 100,
	                                   .uses_left = 3,
	                                   .tags = {.items = tags, .count = 2},
	                                   .owner_user_id = "u"};
	const struct store_op ops[] = {{.kind = STORE_NETWORK_PUT, .network = &network},
	                               {.kind = STORE_TOKEN_PUT, .token = &token},
	                               {.kind = STORE_NODE_PUT, .node = &a},
	                               {.kind = STORE_NODE_PUT, .node = &b}};

	assert_int_equal(commit(f, ops, 4), 0);
}

static void test_round_trip(void **state)
{
	struct fixture *f = *state;
	const struct node_record expected = node_of("node-a", 10);
	const struct node_record *node;
	struct stat st;

	put_all(f);
	assert_int_equal(stat(f->path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	reload(f);
	assert_int_equal(f->networks, 1);
	assert_int_equal(f->tokens, 1);
	assert_int_equal(f->node_count, 2);
	assert_string_equal(f->network->info.name, "büro");
	assert_true(f->network->info.requires_approval && f->network->info.has_key_max_age);
	assert_int_equal(f->network->info.key_rotation_max_age_seconds, 77);
	assert_int_equal(f->network->revision, 5);
	assert_string_equal(f->network->acl_json, "{\"rules\":[]}");
	assert_int_equal(f->token->tags.count, 2);
	assert_string_equal(f->token->tags.items[1], "two");
	assert_string_equal(f->token->owner_user_id, "u");
	assert_null(f->token->owner_email);
	assert_int_equal(f->token->hash.b[0], 9);
	node = f->nodes[0];
	assert_string_equal(node->info.peer.id, "node-a");
	assert_string_equal(node->info.peer.endpoints.items[1], "[::1]:6");
	assert_int_equal(node->info.peer.routes.count, 2);
	assert_true(node->info.peer.routes.items[0].has_mapped);
	assert_int_equal(node->info.peer.routes.items[1].kind, ROUTE_EXIT);
	assert_true(ls_ip_equal(&node->info.peer.ipv6, &expected.info.peer.ipv6));
	assert_true(key_equal(node->info.machine_public_key.b, expected.info.machine_public_key.b));
	assert_null(node->info.owner_user_id);
	assert_string_equal(node->info.owner_email, "o@example.org");
	assert_true(node->has_approval_secret && !f->nodes[1]->has_approval_secret);
	assert_int_equal(node->wg_key_since, 77);
	assert_int_equal(node->machine_key_since, 88);
	assert_false(node->info.revoked);
}

static void test_updates_and_deletes(void **state)
{
	struct fixture *f = *state;
	struct node_record node = node_of("node-a", 10);
	struct store_op ops[4] = {{.kind = STORE_NODE_PUT, .node = &node},
	                          {.kind = STORE_REVISION, .id = "net-a", .number = 6},
	                          {.kind = STORE_NODE_SEEN, .id = "node-b", .time = 999},
	                          {.kind = STORE_NETWORK_PUT}};
	struct network_record network = network_a();

	put_all(f);
	network.info.has_key_max_age = false;
	network.revision = 6;
	ops[3].network = &network;
	node.info.peer.name = "other";
	node.revoked_at = 5;
	assert_int_equal(commit(f, ops, 4), 0);
	reload(f);
	assert_string_equal(f->nodes[0]->info.peer.name, "other");
	assert_true(f->nodes[0]->info.revoked);
	assert_int_equal(f->nodes[1]->info.peer.last_seen, 999);
	assert_int_equal(f->network->revision, 6);
	assert_false(f->network->info.has_key_max_age);
	ops[0] = (struct store_op){.kind = STORE_NODE_DELETE, .id = "node-a"};
	ops[1] = (struct store_op){.kind = STORE_NODE_DELETE, .id = "node-b"};
	ops[2] = (struct store_op){.kind = STORE_NETWORK_DELETE, .id = "net-a"};
	assert_int_equal(commit(f, ops, 3), 0);
	reload(f);
	assert_int_equal(f->networks + f->tokens + f->node_count, 0);
}

static void test_addresses_of_deleted_nodes(void **state)
{
	struct fixture *f = *state;
	struct store_op ops[] = {{.kind = STORE_NODE_DELETE, .id = "node-b", .time = 70},
	                         {.kind = STORE_NODE_DELETE, .id = "node-a", .time = 60}};
	char both[256], newer[128];
	struct ls_ip v4[2], v6[2];
	char text[4][LS_IP_TEXT];

	put_all(f);
	reload(f);
	assert_string_equal(f->former, "");
	for (size_t i = 0; i < 2; i++) {
		v4[i] = f->nodes[i]->info.peer.ipv4;
		v6[i] = f->nodes[i]->info.peer.ipv6;
		(void)ls_ip_format(&v4[i], text[2 * i]);
		(void)ls_ip_format(&v6[i], text[2 * i + 1]);
	}
	(void)snprintf(newer, sizeof(newer), "net-a %s %s 70; ", text[2], text[3]);
	(void)snprintf(both, sizeof(both), "net-a %s %s 60; %s", text[0], text[1], newer);
	assert_int_equal(commit(f, ops, 2), 0);
	reload(f);
	assert_string_equal(f->former, both);
	ops[0] = (struct store_op){.kind = STORE_FORMER_TRIM, .id = "net-b", .time = 100};
	ops[1] = (struct store_op){.kind = STORE_FORMER_TRIM, .id = "net-a", .time = 60};
	assert_int_equal(commit(f, ops, 1), 0);
	reload(f);
	assert_string_equal(f->former, both);
	assert_int_equal(commit(f, ops, 2), 0);
	reload(f);
	assert_string_equal(f->former, newer);
	ops[0] = (struct store_op){.kind = STORE_NETWORK_DELETE, .id = "net-a"};
	assert_int_equal(commit(f, ops, 1), 0);
	reload(f);
	assert_string_equal(f->former, "");
}

/* A transaction is whole or nothing; and the store works on after one that failed. */
static void test_failed_transaction(void **state)
{
	struct fixture *f = *state;
	const struct node_record same_address = node_of("node-c", 10);
	const struct store_op ops[] = {{.kind = STORE_REVISION, .id = "net-a", .number = 99},
	                               {.kind = STORE_NODE_PUT, .node = &same_address}};
	const struct store_op more = {.kind = STORE_REVISION, .id = "net-a", .number = 7};

	put_all(f);
	assert_int_equal(commit(f, ops, 2), -EIO);
	reload(f);
	assert_int_equal(f->network->revision, 5);
	assert_int_equal(f->node_count, 2);
	assert_int_equal(commit(f, ops, 2), -EIO);
	assert_int_equal(commit(f, &more, 1), 0);
	reload(f);
	assert_int_equal(f->network->revision, 7);
}

static int read_audit(struct direct_rows *rows, struct fixture *f, struct audit_query query)
{
	return direct_rows_read(rows, f->store, (struct store_read){.audit = query});
}

static void test_keys_and_audit(void **state)
{
	struct fixture *f = *state;
	const struct audit_entry entries[] = {
	        {.id = "1",
	         .timestamp = 1,
	         .network_id = "net-a",
	         .action = "x",
	         .detail = "d",
	         .actor = "node",
	         .actor_id = "n",
	         .source = "192.0.2.1"},
	        {.id = "2", .timestamp = 2, .network_id = "net-a", .node_id = "n", .action = "y"},
	        {.id = "3", .timestamp = 3, .network_id = "net-b", .action = "z"}};
	const struct store_op ops[] = {
	        {.kind = STORE_KEY_ADD,
	         .id = "node-a",
	         .key = {.public_key = {1}, .created_at = 1}},
	        {.kind = STORE_KEY_ADD,
	         .id = "node-a",
	         .key = {.public_key = {2}, .created_at = 2}},
	        {.kind = STORE_KEY_REVOKE, .id = "node-a", .key = {.public_key = {1}}, .time = 3},
	        /* The same key again: only its newest record is meant from now on. */
	        {.kind = STORE_KEY_ADD,
	         .id = "node-a",
	         .key = {.public_key = {1}, .created_at = 4}},
	        {.kind = STORE_KEY_REVOKE, .id = "node-a", .key = {.public_key = {1}}, .time = 5},
	        {.kind = STORE_AUDIT_ADD, .audit = &entries[0]},
	        {.kind = STORE_AUDIT_ADD, .audit = &entries[1]},
	        {.kind = STORE_AUDIT_ADD, .audit = &entries[2]}};
	const struct store_read some_keys = {.kind = STORE_READ_KEYS, .node_id = "node-a"};
	const struct store_read no_keys = {.kind = STORE_READ_KEYS, .node_id = "nobody"};
	struct direct_rows *rows = calloc(1, sizeof(*rows));

	assert_non_null(rows);
	rows->arena = f->arena;
	put_all(f);
	assert_int_equal(commit(f, ops, sizeof(ops) / sizeof(ops[0])), 0);
	assert_int_equal(direct_rows_read(rows, f->store, some_keys), 0);
	assert_int_equal(rows->count, 3);
	assert_int_equal(rows->ends, 1);
	assert_int_equal(rows->keys[0].revoked_at, 3);
	assert_int_equal(rows->keys[1].revoked_at, 0);
	assert_int_equal(rows->keys[2].revoked_at, 5);
	assert_int_equal(direct_rows_read(rows, f->store, no_keys), 0);
	assert_int_equal(rows->count, 0);
	assert_int_equal(rows->ends, 1);
	assert_int_equal(read_audit(rows, f, (struct audit_query){.limit = 10}), 0);
	assert_int_equal(rows->count, 3);
	assert_string_equal(rows->entries[2].id, "1");
	assert_string_equal(rows->entries[2].actor, "node");
	assert_string_equal(rows->entries[2].actor_id, "n");
	assert_string_equal(rows->entries[2].source, "192.0.2.1");
	assert_null(rows->entries[1].actor);
	assert_null(rows->entries[1].detail);
	free(rows);
}

/* The ids of the rows, one letter each. */
static const char *ids_of(struct direct_rows *rows)
{
	char ids[64] = "";

	for (size_t i = 0; i < rows->count; i++)
		ids[i] = rows->entries[i].id[0];
	return direct_rows_text(rows, ids);
}

/* Entries a to j; every other one is about a node of the network, each third of another network. */
static void add_entries(struct fixture *f)
{
	char id[2] = "a";

	for (int i = 0; i < 10; i++, id[0]++) {
		const struct audit_entry entry = {.id = id,
		                                  .timestamp = i,
		                                  .network_id = i % 3 == 2 ? "net-b" : "net-a",
		                                  .node_id = i % 2 == 1 ? "node" : NULL,
		                                  .action = "x"};
		const struct store_op op = {.kind = STORE_AUDIT_ADD, .audit = &entry};

		assert_int_equal(commit(f, &op, 1), 0);
	}
}

static void test_pages_of_the_audit_log(void **state)
{
	static const struct {
		struct audit_query query;
		const char *ids;
	} cases[] = {
	        {{.limit = 3}, "jih"},
	        {{.limit = 100}, "jihgfedcba"},
	        {{.limit = 3, .before = "h"}, "gfe"},
	        {{.limit = 3, .before = "c"}, "ba"},
	        {{.limit = 3, .before = "a"}, ""},
	        {{.limit = 3, .after = "h"}, "ij"},
	        {{.limit = 3, .after = "a"}, "bcd"},
	        {{.limit = 3, .after = "j"}, ""},
	        {{.limit = 9, .network_id = "net-b"}, "ifc"},
	        {{.limit = 2, .network_id = "net-b", .before = "i"}, "fc"},
	        {{.limit = 1, .network_id = "net-b", .after = "a"}, "c"},
	        {{.limit = 9, .node_id = "node"}, "jhfdb"},
	        {{.limit = 2, .node_id = "node", .after = "b"}, "df"},
	        {{.limit = 9, .node_id = "node", .network_id = "net-a"}, "jhdb"},
	        {{.limit = 2, .node_id = "node", .network_id = "net-a", .before = "j"}, "hd"},
	        {{.limit = 9, .network_id = "nowhere"}, ""},
	};
	struct fixture *f = *state;
	struct direct_rows *rows = calloc(1, sizeof(*rows));

	assert_non_null(rows);
	rows->arena = f->arena;
	add_entries(f);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(read_audit(rows, f, cases[i].query), 0);
		assert_string_equal(ids_of(rows), cases[i].ids);
	}
	assert_int_equal(read_audit(rows, f, (struct audit_query){.limit = 1, .before = "?"}),
	                 LS_ERROR_BAD_VALUE);
	assert_int_equal(read_audit(rows, f, (struct audit_query){.limit = 1, .after = "?"}),
	                 LS_ERROR_BAD_VALUE);
	assert_string_equal(rows->fail.text, "the audit log has no entry with this id");
	free(rows);
}

/* Whoever reads page by page goes on from the last entry of a page, which may have been trimmed. */
static void test_pages_go_on_from_trimmed_entries(void **state)
{
	static const char *const ids[] = {
	        "2f1c7a5e-8a1d-4f0e-9b7a-1c2d3e4f5a6b", "7e9d4b1a-1b2c-4d3e-8f4a-5b6c7d8e9f0a",
	        "c0ffee00-dead-4bee-b00f-00112233445", "0a1b2c3d-4e5f-4a6b-9c7d-8e9f0a1b2c3d",
	        "9a8b7c6d-5e4f-4a3b-8c2d-1e0f9a8b7c6d"};
	const struct store_op trim = {.kind = STORE_TRIM_STRANGERS, .id = "n", .number = 2};
	struct fixture *f = *state;
	struct direct_rows *rows = calloc(1, sizeof(*rows));
	char id[40], later[40], never[40];

	assert_non_null(rows);
	rows->arena = f->arena;
	for (size_t i = 0; i < 5; i++) {
		const struct audit_entry entry = {
		        .id = ids[i], .network_id = "n", .action = "x", .actor = "anyone"};
		const struct store_op op = {.kind = STORE_AUDIT_ADD, .audit = &entry};

		assert_int_equal(commit(f, &op, 1), 0);
	}
	assert_int_equal(read_audit(rows, f, (struct audit_query){.limit = 9}), 0);
	assert_int_equal(rows->count, 5);
	/* What is no UUID stays as it is. */
	assert_string_equal(rows->entries[2].id, ids[2]);
	assert_string_equal(rows->entries[3].id, "00000000-0002-8d3e-8f4a-5b6c7d8e9f0a");
	(void)snprintf(id, sizeof(id), "%s", rows->entries[3].id);
	(void)snprintf(later, sizeof(later), "%s", rows->entries[0].id);
	assert_int_equal(commit(f, &trim, 1), 0);
	assert_int_equal(read_audit(rows, f, (struct audit_query){.limit = 9}), 0);
	assert_int_equal(rows->count, 2);

	assert_int_equal(read_audit(rows, f, (struct audit_query){.limit = 9, .before = id}), 0);
	assert_int_equal(rows->count, 0);
	assert_int_equal(read_audit(rows, f, (struct audit_query){.limit = 1, .after = id}), 0);
	assert_int_equal(rows->count, 1);
	assert_string_equal(rows->entries[0].id, "00000000-0004-8a6b-9c7d-8e9f0a1b2c3d");
	assert_int_equal(read_audit(rows, f, (struct audit_query){.limit = 9, .before = later}), 0);
	assert_int_equal(rows->count, 1);

	/* Of another log, or without a place. */
	(void)snprintf(never, sizeof(never), "00000000-0006-%s", later + 14);
	assert_int_equal(read_audit(rows, f, (struct audit_query){.limit = 9, .before = never}),
	                 LS_ERROR_BAD_VALUE);
	assert_int_equal(read_audit(rows, f, (struct audit_query){.limit = 9, .after = ids[0]}),
	                 LS_ERROR_BAD_VALUE);
	free(rows);
}

/* More rows than one slice has. */
static void test_reading_in_slices(void **state)
{
	struct fixture *f = *state;
	struct direct_rows *rows = calloc(1, sizeof(*rows));
	struct audit_entry entries[1000];
	struct store_op ops[1000];
	char ids[1000][8];

	assert_non_null(rows);
	rows->arena = f->arena;
	for (size_t i = 0; i < 1000; i++) {
		(void)snprintf(ids[i], sizeof(ids[i]), "%zu", i);
		entries[i] = (struct audit_entry){.id = ids[i], .network_id = "n", .action = "x"};
		ops[i] = (struct store_op){.kind = STORE_AUDIT_ADD, .audit = &entries[i]};
	}
	assert_int_equal(commit(f, ops, 1000), 0);
	assert_int_equal(read_audit(rows, f, (struct audit_query){.limit = 5000}), 0);
	assert_int_equal(rows->count, 1000);
	for (size_t i = 0; i < 1000; i++)
		assert_string_equal(rows->entries[i].id, ids[999 - i]);
	assert_int_equal(read_audit(rows, f, (struct audit_query){.limit = 700, .after = "99"}), 0);
	assert_int_equal(rows->count, 700);
	assert_int_equal(rows->ends, 1);
	assert_string_equal(rows->entries[699].id, "799");
	free(rows);
}

static void test_one_at_a_time(void **state)
{
	struct fixture *f = *state;
	struct store *second = NULL;
	struct ls_fail fail;

	assert_int_equal(direct_store_open(f->path, &second, &fail), -EBUSY);
	assert_null(second);
	assert_non_null(strstr(fail.text, "in use by another lightscale-server"));
}

/* Changes the closed file with SQL and expects that it is refused. */
static void expect_refused(struct fixture *f, const char *sql, const char *text)
{
	struct store *store = NULL;
	struct ls_fail fail;
	sqlite3 *db;

	assert_int_equal(sqlite3_open(f->path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
	assert_true(direct_store_open(f->path, &store, &fail) < 0);
	assert_null(store);
	if (!strstr(fail.text, text))
		fail_msg("%s", fail.text);
}

static void test_foreign_and_newer_files(void **state)
{
	struct fixture *f = *state;

	f->store->ops->close(f->store);
	f->store = NULL;
	expect_refused(f, "PRAGMA user_version = 1000", "newer lightscale-server (schema 1000");
	expect_refused(f, "PRAGMA user_version = 0", "another program");
	expect_refused(f, "PRAGMA user_version = 1; PRAGMA application_id = 5", "another program");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test_setup_teardown(test_round_trip, set_up, tear_down),
	        cmocka_unit_test_setup_teardown(test_updates_and_deletes, set_up, tear_down),
	        cmocka_unit_test_setup_teardown(test_addresses_of_deleted_nodes, set_up, tear_down),
	        cmocka_unit_test_setup_teardown(test_failed_transaction, set_up, tear_down),
	        cmocka_unit_test_setup_teardown(test_keys_and_audit, set_up, tear_down),
	        cmocka_unit_test_setup_teardown(test_pages_of_the_audit_log, set_up, tear_down),
	        cmocka_unit_test_setup_teardown(test_pages_go_on_from_trimmed_entries, set_up,
	                                        tear_down),
	        cmocka_unit_test_setup_teardown(test_reading_in_slices, set_up, tear_down),
	        cmocka_unit_test_setup_teardown(test_one_at_a_time, set_up, tear_down),
	        cmocka_unit_test_setup_teardown(test_foreign_and_newer_files, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
