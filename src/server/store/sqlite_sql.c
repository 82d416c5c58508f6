/* SPDX-License-Identifier: Apache-2.0 */
/* The prepared statements, and the error of one that failed. Queries list the columns in the order
 * in which sqlite_read.c reads them. */
#include <errno.h>

#include "server/store/sqlite_parts.h"

#define AUDIT_COLUMNS                                                                              \
	"SELECT seq, id, timestamp, network_id, node_id, action, detail, actor, actor_id, source"  \
	" FROM audit "
#define AUDIT_DOWN " ORDER BY seq DESC LIMIT ?2"
#define AUDIT_UP   " ORDER BY seq LIMIT ?2"

/* Deletes the oldest rows that match, as long as more than ?2 do: few at once, so that a commit
 * stays short also when there are very many. */
#define TRIM(table, where)                                                                         \
	"DELETE FROM " table " WHERE seq IN (SELECT seq FROM " table " WHERE " where               \
	" AND seq <= (SELECT seq FROM " table " WHERE " where                                      \
	" ORDER BY seq DESC LIMIT 1 OFFSET ?2) ORDER BY seq LIMIT 20)"
/* As in the index audit_strangers. */
#define STRANGERS                                                                                  \
	"(actor IN ('anyone', 'server') OR (actor = 'approval_link' AND action = 'node.delete'))"

static const char *const texts[SQLITE_STATEMENTS] = {
        [SQLITE_BEGIN] = "BEGIN IMMEDIATE",
        [SQLITE_COMMIT] = "COMMIT",
        [SQLITE_SAVE] = "SAVEPOINT one",
        [SQLITE_SAVE_UNDO] = "ROLLBACK TO one",
        [SQLITE_SAVE_END] = "RELEASE one",
        /* Random bytes: SQLite does not write what has not changed. */
        [SQLITE_PROBE] = "INSERT INTO probe (id, filler) VALUES (1, randomblob(131072))"
                         " ON CONFLICT (id) DO UPDATE SET filler=excluded.filler",
        [SQLITE_NETWORK_PUT] =
                "INSERT INTO networks (id, name, overlay_v4, overlay_v6, dns_domain,"
                " requires_approval, key_max_age, acl, revision, created_at, join_policy,"
                " revocation) VALUES (?,?,?,?,?,?,?,?,?,?,?,?)"
                " ON CONFLICT (id) DO UPDATE SET name=excluded.name,"
                " overlay_v4=excluded.overlay_v4, overlay_v6=excluded.overlay_v6,"
                " dns_domain=excluded.dns_domain, requires_approval=excluded.requires_approval,"
                " key_max_age=excluded.key_max_age, acl=excluded.acl,"
                " revision=excluded.revision, join_policy=excluded.join_policy,"
                " revocation=excluded.revocation",
        [SQLITE_NETWORK_TOKENS_DELETE] = "DELETE FROM tokens WHERE network_id = ?",
        [SQLITE_NETWORK_DELETE] = "DELETE FROM networks WHERE id = ?",
        [SQLITE_REVISION] = "UPDATE networks SET revision = ? WHERE id = ?",
        [SQLITE_NODE_PUT] =
                "INSERT INTO nodes (id, network_id, name, dns_name, ipv4, ipv6, wg_public_key,"
                " machine_public_key, wg_key_since, machine_key_since, endpoints, tags, routes,"
                " owner_user_id, owner_email, owner_is_admin, last_seen, approved, approved_at,"
                " revoked_at, token_hash, approval_hash, approval_expires_at, created_at,"
                " requested_from) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)"
                " ON CONFLICT (id) DO UPDATE SET name=excluded.name, dns_name=excluded.dns_name,"
                " wg_public_key=excluded.wg_public_key,"
                " machine_public_key=excluded.machine_public_key,"
                " wg_key_since=excluded.wg_key_since,"
                " machine_key_since=excluded.machine_key_since, endpoints=excluded.endpoints,"
                " tags=excluded.tags, routes=excluded.routes, last_seen=excluded.last_seen,"
                " approved=excluded.approved, approved_at=excluded.approved_at,"
                " revoked_at=excluded.revoked_at",
        [SQLITE_NODE_SEEN] = "UPDATE nodes SET last_seen = ? WHERE id = ?",
        [SQLITE_NODE_KEYS_DELETE] = "DELETE FROM keys WHERE node_id = ?",
        [SQLITE_NODE_DELETE] = "DELETE FROM nodes WHERE id = ?",
        [SQLITE_FORMER_ADD] = "INSERT INTO former_addresses (network_id, ipv4, ipv6, since)"
                              " SELECT network_id, ipv4, ipv6, ? FROM nodes WHERE id = ?",
        [SQLITE_FORMER_TRIM] =
                "DELETE FROM former_addresses WHERE seq IN (SELECT seq FROM former_addresses"
                " WHERE network_id = ? AND since <= ? ORDER BY since LIMIT 20)",
        [SQLITE_NETWORK_FORMER_DELETE] = "DELETE FROM former_addresses WHERE network_id = ?",
        [SQLITE_TOKEN_PUT] =
                "INSERT INTO tokens (id, network_id, hash, expires_at, uses_left, tags,"
                " owner_user_id, owner_email, owner_is_admin, revoked_at)"
                " VALUES (?,?,?,?,?,?,?,?,?,?)"
                " ON CONFLICT (id) DO UPDATE SET uses_left=excluded.uses_left,"
                " revoked_at=excluded.revoked_at",
        [SQLITE_KEY_ADD] =
                "INSERT INTO keys (node_id, key_type, public_key, created_at, revoked_at)"
                " VALUES (?,?,?,?,?)",
        /* A node may use a key again after a rotation: change only the key's newest record. */
        [SQLITE_KEY_REVOKE] = "UPDATE keys SET revoked_at = ? WHERE seq ="
                              " (SELECT max(seq) FROM keys WHERE node_id = ? AND key_type = ?"
                              " AND public_key = ?)",
        [SQLITE_AUDIT_ADD] =
                "INSERT INTO audit (seq, id, timestamp, network_id, node_id, action, detail,"
                " actor, actor_id, source) VALUES (?,?,?,?,?,?,?,?,?,?)",
        [SQLITE_TRIM_STRANGERS] = TRIM("audit", "network_id = ?1 AND " STRANGERS),
        [SQLITE_TRIM_ROTATIONS] =
                TRIM("audit", "node_id = ?1 AND actor = 'node' AND action = 'keys.rotate'"),
        [SQLITE_TRIM_KEYS] = TRIM("keys", "node_id = ?1 AND revoked_at != 0"),
        [SQLITE_NETWORKS] = "SELECT id, name, overlay_v4, overlay_v6, dns_domain,"
                            " requires_approval, key_max_age, acl, revision, created_at,"
                            " join_policy, revocation FROM networks ORDER BY created_at, id",
        [SQLITE_TOKENS] = "SELECT id, network_id, hash, expires_at, uses_left, tags,"
                          " owner_user_id, owner_email, owner_is_admin, revoked_at FROM tokens",
        [SQLITE_NODES] =
                "SELECT id, network_id, name, dns_name, ipv4, ipv6, wg_public_key,"
                " machine_public_key, wg_key_since, machine_key_since, endpoints, tags, routes,"
                " owner_user_id, owner_email, owner_is_admin, last_seen, approved, approved_at,"
                " revoked_at, token_hash, approval_hash, approval_expires_at, created_at,"
                " requested_from FROM nodes ORDER BY seq",
        [SQLITE_FORMER] = "SELECT network_id, ipv4, ipv6, since FROM former_addresses"
                          " ORDER BY since, seq",
        /* These read one slice: the rows behind a place, at most so many. */
        [SQLITE_KEYS] = "SELECT seq, key_type, public_key, created_at, revoked_at FROM keys"
                        " INDEXED BY keys_node WHERE node_id = ?3 AND seq > ?1 ORDER BY seq"
                        " LIMIT ?2",
        [SQLITE_AUDIT_LAST] = "SELECT coalesce(max(seq), 0) FROM audit",
        [SQLITE_AUDIT_SEQ] = "SELECT seq FROM audit INDEXED BY audit_id WHERE id = ?",
        [SQLITE_AUDIT_DOWN] = AUDIT_COLUMNS "WHERE seq < ?1" AUDIT_DOWN,
        [SQLITE_AUDIT_DOWN_NETWORK] =
                AUDIT_COLUMNS "INDEXED BY audit_network"
                              " WHERE network_id = ?3 AND seq < ?1" AUDIT_DOWN,
        [SQLITE_AUDIT_DOWN_NODE] = AUDIT_COLUMNS "INDEXED BY audit_node"
                                                 " WHERE node_id = ?3 AND seq < ?1" AUDIT_DOWN,
        [SQLITE_AUDIT_UP] = AUDIT_COLUMNS "WHERE seq > ?1" AUDIT_UP,
        [SQLITE_AUDIT_UP_NETWORK] = AUDIT_COLUMNS "INDEXED BY audit_network"
                                                  " WHERE network_id = ?3 AND seq > ?1" AUDIT_UP,
        [SQLITE_AUDIT_UP_NODE] = AUDIT_COLUMNS "INDEXED BY audit_node"
                                               " WHERE node_id = ?3 AND seq > ?1" AUDIT_UP,
};

static int code_of(int rc)
{
	switch (rc) {
	case SQLITE_BUSY:
		return -EBUSY;
	case SQLITE_FULL:
		return -ENOSPC;
	case SQLITE_NOMEM:
		return -ENOMEM;
	default:
		return -EIO;
	}
}

int store_sqlite_fail(const struct store_sqlite *s, const char *what, struct ls_fail *fail)
{
	return ls_fail_set(fail, code_of(sqlite3_errcode(s->db)), "cannot %s database %s: %s", what,
	                   s->path, sqlite3_errmsg(s->db));
}

int store_sqlite_number(sqlite3 *db, const char *sql, int64_t *ret)
{
	sqlite3_stmt *stmt = NULL;
	int rc = sqlite3_prepare_v2(db, sql, -1, &stmt, NULL);

	if (rc == SQLITE_OK)
		rc = sqlite3_step(stmt);
	if (rc == SQLITE_ROW)
		*ret = sqlite3_column_int64(stmt, 0);
	(void)sqlite3_finalize(stmt);
	return rc == SQLITE_ROW ? SQLITE_OK : rc;
}

int store_sqlite_prepare_all(struct store_sqlite *s, struct ls_fail *fail)
{
	for (size_t i = 0; i < SQLITE_STATEMENTS; i++) {
		if (sqlite3_prepare_v3(s->db, texts[i], -1, SQLITE_PREPARE_PERSISTENT,
		                       &s->statements[i], NULL) != SQLITE_OK)
			return store_sqlite_fail(s, "use", fail);
	}
	return 0;
}
