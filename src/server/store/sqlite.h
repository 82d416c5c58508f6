/* SPDX-License-Identifier: Apache-2.0 */
/* Only for the files of the SQLite store. */
#ifndef LS_SERVER_STORE_SQLITE_H
#define LS_SERVER_STORE_SQLITE_H

#include <sqlite3.h>

#include "server/store/store.h"

enum sqlite_statement {
	SQLITE_BEGIN,
	SQLITE_COMMIT,
	SQLITE_NETWORK_PUT,
	SQLITE_NETWORK_TOKENS_DELETE,
	SQLITE_NETWORK_DELETE,
	SQLITE_REVISION,
	SQLITE_NODE_PUT,
	SQLITE_NODE_SEEN,
	SQLITE_NODE_KEYS_DELETE,
	SQLITE_NODE_DELETE,
	SQLITE_TOKEN_PUT,
	SQLITE_KEY_ADD,
	SQLITE_KEY_REVOKE,
	SQLITE_AUDIT_ADD,
	SQLITE_NETWORKS,
	SQLITE_TOKENS,
	SQLITE_NODES,
	SQLITE_KEYS,
	SQLITE_AUDIT,
	SQLITE_STATEMENTS,
};

struct sqlite_store {
	struct store store;
	sqlite3 *db;
	int lock_fd; /* holds the flock() on the file; closed after the database */
	char *path;
	sqlite3_stmt *statements[SQLITE_STATEMENTS];
};

/* migrations.c: brings an open database to this program's schema. */
int store_sqlite_migrate(sqlite3 *db, const char *path, struct ls_fail *fail) LS_MUST_CHECK;

enum {
	SQLITE_APPLICATION_ID = 0x4c736331, /* "Lsc1": marks a database of this program */
};

/* sqlite_sql.c */
int store_sqlite_prepare_all(struct sqlite_store *s, struct ls_fail *fail) LS_MUST_CHECK;
/* Fills `fail` from the database's last error and returns its code: -ENOSPC, -ENOMEM or -EIO. */
int store_sqlite_fail(const struct sqlite_store *s, const char *what, struct ls_fail *fail);

/* sqlite_write.c, sqlite_read.c: the entries of struct store_ops. */
void store_sqlite_commit(struct store *store, struct store_commit *commit);
int store_sqlite_check(struct store *store, struct ls_fail *fail);
int store_sqlite_load(struct store *store, const struct store_loader *loader, struct ls_fail *fail);
int store_sqlite_audit(struct store *store, const struct audit_query *query, struct ls_arena *arena,
                       struct audit_log *ret, struct ls_fail *fail);
int store_sqlite_keys(struct store *store, const char *node_id, struct ls_arena *arena,
                      struct key_history *ret, struct ls_fail *fail);

#endif
