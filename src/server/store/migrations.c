/* SPDX-License-Identifier: Apache-2.0 */
/* The schema as numbered steps. Never edit a step after its release: add a new step. PRAGMA
 * user_version holds the number of steps that were done. PRAGMA application_id marks the file as a
 * database of this program. */
#include <errno.h>
#include <sqlite3.h>
#include <stdio.h>

#include "server/store/sqlite_parts.h"

static const char *const steps[] = {
        "CREATE TABLE networks ("
        " id TEXT PRIMARY KEY,"
        " name TEXT NOT NULL,"
        " overlay_v4 TEXT NOT NULL,"
        " overlay_v6 TEXT NOT NULL,"
        " dns_domain TEXT NOT NULL,"
        " requires_approval INTEGER NOT NULL,"
        " key_max_age INTEGER,"
        " acl TEXT NOT NULL,"
        " revision INTEGER NOT NULL,"
        " created_at INTEGER NOT NULL"
        ") STRICT;"
        "CREATE TABLE tokens ("
        " id TEXT PRIMARY KEY,"
        " network_id TEXT NOT NULL REFERENCES networks(id),"
        " hash BLOB NOT NULL UNIQUE,"
        " expires_at INTEGER NOT NULL,"
        " uses_left INTEGER NOT NULL,"
        " tags TEXT NOT NULL,"
        " owner_user_id TEXT,"
        " owner_email TEXT,"
        " owner_is_admin INTEGER NOT NULL,"
        " revoked_at INTEGER NOT NULL"
        ") STRICT;"
        "CREATE INDEX tokens_network ON tokens(network_id);"
        "CREATE TABLE nodes ("
        " seq INTEGER PRIMARY KEY,"
        " id TEXT NOT NULL UNIQUE,"
        " network_id TEXT NOT NULL REFERENCES networks(id),"
        " name TEXT NOT NULL,"
        " dns_name TEXT NOT NULL,"
        " ipv4 TEXT NOT NULL,"
        " ipv6 TEXT NOT NULL,"
        " wg_public_key BLOB NOT NULL,"
        " machine_public_key BLOB NOT NULL,"
        " wg_key_since INTEGER NOT NULL,"
        " machine_key_since INTEGER NOT NULL,"
        " endpoints TEXT NOT NULL,"
        " tags TEXT NOT NULL,"
        " routes TEXT NOT NULL,"
        " owner_user_id TEXT,"
        " owner_email TEXT,"
        " owner_is_admin INTEGER NOT NULL,"
        " last_seen INTEGER NOT NULL,"
        " approved INTEGER NOT NULL,"
        " approved_at INTEGER NOT NULL,"
        " revoked_at INTEGER NOT NULL,"
        " token_hash BLOB NOT NULL,"
        " approval_hash BLOB,"
        " approval_expires_at INTEGER NOT NULL,"
        " created_at INTEGER NOT NULL,"
        " UNIQUE (network_id, ipv4),"
        " UNIQUE (network_id, ipv6)"
        ") STRICT;"
        "CREATE TABLE keys ("
        " seq INTEGER PRIMARY KEY,"
        " node_id TEXT NOT NULL REFERENCES nodes(id),"
        " key_type INTEGER NOT NULL,"
        " public_key BLOB NOT NULL,"
        " created_at INTEGER NOT NULL,"
        " revoked_at INTEGER NOT NULL"
        ") STRICT;"
        "CREATE INDEX keys_node ON keys(node_id);"
        /* No references: audit entries stay when the network or node is deleted. */
        "CREATE TABLE audit ("
        " seq INTEGER PRIMARY KEY,"
        " id TEXT NOT NULL,"
        " timestamp INTEGER NOT NULL,"
        " network_id TEXT,"
        " node_id TEXT,"
        " action TEXT NOT NULL,"
        " detail TEXT"
        ") STRICT;"
        "CREATE INDEX audit_network ON audit(network_id);"
        "CREATE INDEX audit_node ON audit(node_id);",
        /* 2: who made a change, and from where; NULL in older entries. */
        "ALTER TABLE audit ADD COLUMN actor TEXT;"
        "ALTER TABLE audit ADD COLUMN actor_id TEXT;"
        "ALTER TABLE audit ADD COLUMN source TEXT;",
        /* 3: the rules of a network; networks from before behave as they did. Where a request to
         * join came from; NULL for older ones. To find an entry of the audit log by its id.
         * Addresses of deleted nodes. One row that store_sqlite_probe writes again and again.
         * Entries that are kept in limited number.
         */
        ("ALTER TABLE networks ADD COLUMN join_policy TEXT NOT NULL DEFAULT 'link';"
         "ALTER TABLE networks ADD COLUMN revocation TEXT NOT NULL DEFAULT 'rotate';"
         "ALTER TABLE nodes ADD COLUMN requested_from TEXT;"
         "CREATE INDEX audit_id ON audit(id);"
         "CREATE TABLE former_addresses ("
         " seq INTEGER PRIMARY KEY,"
         " network_id TEXT NOT NULL REFERENCES networks(id),"
         " ipv4 TEXT NOT NULL,"
         " ipv6 TEXT NOT NULL,"
         " since INTEGER NOT NULL"
         ") STRICT;"
         "CREATE INDEX former_addresses_network ON former_addresses(network_id, since);"
         "CREATE TABLE probe ("
         " id INTEGER PRIMARY KEY,"
         " filler BLOB NOT NULL"
         ") STRICT;"
         "CREATE INDEX audit_strangers ON audit(network_id, seq) WHERE"
         " (actor IN ('anyone', 'server') OR (actor = 'approval_link' AND action = 'node.delete'));"
         "CREATE INDEX audit_rotations ON audit(node_id, seq) WHERE"
         " actor = 'node' AND action = 'keys.rotate';"),
};

enum {
	STEP_COUNT = sizeof(steps) / sizeof(steps[0])
};

static int run_step(sqlite3 *db, size_t i)
{
	char stamp[128];
	int rc = sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL);

	if (rc != SQLITE_OK)
		return rc;
	rc = sqlite3_exec(db, steps[i], NULL, NULL, NULL);
	(void)snprintf(stamp, sizeof(stamp),
	               "PRAGMA application_id = %d; PRAGMA user_version = %zu; COMMIT",
	               (int)SQLITE_APPLICATION_ID, i + 1);
	if (rc == SQLITE_OK)
		rc = sqlite3_exec(db, stamp, NULL, NULL, NULL);
	if (!sqlite3_get_autocommit(db))
		(void)sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
	return rc;
}

static int check_owner(sqlite3 *db, const char *path, int64_t *ret_version, struct ls_fail *fail)
{
	int64_t owner = 0, tables = 0, version = 0;
	int rc = store_sqlite_number(db, "PRAGMA application_id", &owner);

	if (rc == SQLITE_OK)
		rc = store_sqlite_number(db, "PRAGMA user_version", &version);
	if (rc == SQLITE_OK)
		rc = store_sqlite_number(db, "SELECT count(*) FROM sqlite_schema", &tables);
	if (rc != SQLITE_OK)
		return ls_fail_set(fail, -EIO,
		                   "database %s cannot be read: %s; it is left unchanged", path,
		                   sqlite3_errmsg(db));
	if ((owner != SQLITE_APPLICATION_ID || version < 1) && (owner != 0 || tables > 0))
		return ls_fail_set(fail, LS_ERROR_BAD_VALUE,
		                   "%s is a database of another program; it is left unchanged",
		                   path);
	if (version > (int64_t)STEP_COUNT)
		return ls_fail_set(fail, LS_ERROR_BAD_VALUE,
		                   "database %s was made by a newer lightscale-server (schema "
		                   "%lld, this one knows %d); install that version",
		                   path, (long long)version, (int)STEP_COUNT);
	*ret_version = version;
	return 0;
}

int store_sqlite_migrate(sqlite3 *db, const char *path, struct ls_fail *fail)
{
	int64_t version = 0;
	int r = check_owner(db, path, &version, fail);

	for (size_t i = (size_t)version; r == 0 && i < STEP_COUNT; i++) {
		if (run_step(db, i) != SQLITE_OK)
			r = ls_fail_set(fail, -EIO, "database %s: schema step %zu failed: %s", path,
			                i + 1, sqlite3_errmsg(db));
	}
	return r;
}
