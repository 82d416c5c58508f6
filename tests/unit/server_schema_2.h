/* SPDX-License-Identifier: Apache-2.0 */
/* Makes a database of schema 2 out of one of schema 1 (server_schema_1.h), and adds a revoked node
 * and an audit entry that says who made it. Never edit it: users have such files. */
#ifndef LS_TESTS_SERVER_SCHEMA_2_H
#define LS_TESTS_SERVER_SCHEMA_2_H

/* clang-format off */
static const char server_schema_2[] =
	"ALTER TABLE audit ADD COLUMN actor TEXT;"
	"ALTER TABLE audit ADD COLUMN actor_id TEXT;"
	"ALTER TABLE audit ADD COLUMN source TEXT;"
	"PRAGMA user_version = 2;"
	"INSERT INTO nodes (id, network_id, name, dns_name, ipv4, ipv6, wg_public_key,"
	" machine_public_key, wg_key_since, machine_key_since, endpoints, tags, routes, owner_user_id,"
	" owner_email, owner_is_admin, last_seen, approved, approved_at, revoked_at, token_hash,"
	" approval_hash, approval_expires_at, created_at)"
	" VALUES ('node-r', 'net-a', 'lost', 'lost.a.example', '10.0.0.12', 'fd00::c',"
	" randomblob(32), randomblob(32), 105, 105, '[]', '[]', '[]', NULL, NULL, 0,"
	" 106, 1, 105, 150, randomblob(32), NULL, 0, 105);"
	"INSERT INTO keys (node_id, key_type, public_key, created_at, revoked_at)"
	" SELECT id, 1, wg_public_key, 105, 150 FROM nodes WHERE id = 'node-r';"
	"INSERT INTO audit (id, timestamp, network_id, node_id, action, detail, actor, actor_id, source)"
	" VALUES ('e4', 150, 'net-a', 'node-r', 'keys.revoke', 'lost', 'admin', NULL, '192.0.2.9');";
/* clang-format on */

#endif
