/* SPDX-License-Identifier: Apache-2.0 */
/* Only for the files of the SQLite database. */
#ifndef LS_SERVER_STORE_SQLITE_PARTS_H
#define LS_SERVER_STORE_SQLITE_PARTS_H

#include <sqlite3.h>
#include <sys/types.h>

#include "server/store/sqlite.h"

enum sqlite_statement {
	SQLITE_BEGIN,
	SQLITE_COMMIT,
	SQLITE_SAVE,
	SQLITE_SAVE_UNDO,
	SQLITE_SAVE_END,
	SQLITE_PROBE,
	SQLITE_NETWORK_PUT,
	SQLITE_NETWORK_TOKENS_DELETE,
	SQLITE_NETWORK_DELETE,
	SQLITE_REVISION,
	SQLITE_NODE_PUT,
	SQLITE_NODE_SEEN,
	SQLITE_NODE_KEYS_DELETE,
	SQLITE_NODE_DELETE,
	SQLITE_FORMER_ADD,
	SQLITE_FORMER_TRIM,
	SQLITE_NETWORK_FORMER_DELETE,
	SQLITE_TOKEN_PUT,
	SQLITE_KEY_ADD,
	SQLITE_KEY_REVOKE,
	SQLITE_AUDIT_ADD,
	SQLITE_TRIM_STRANGERS,
	SQLITE_TRIM_ROTATIONS,
	SQLITE_TRIM_KEYS,
	SQLITE_NETWORKS,
	SQLITE_TOKENS,
	SQLITE_NODES,
	SQLITE_FORMER,
	SQLITE_KEYS,
	SQLITE_AUDIT_SEQ,
	SQLITE_AUDIT_LAST,
	/* Entries before a place, the newest first; entries after a place, the oldest first. */
	SQLITE_AUDIT_DOWN,
	SQLITE_AUDIT_DOWN_NETWORK,
	SQLITE_AUDIT_DOWN_NODE,
	SQLITE_AUDIT_UP,
	SQLITE_AUDIT_UP_NETWORK,
	SQLITE_AUDIT_UP_NODE,
	SQLITE_STATEMENTS,
};

enum sqlite_file {
	SQLITE_FILE_DATABASE,
	SQLITE_FILE_WAL,
	SQLITE_FILE_SHM,
	SQLITE_FILES,
};

/* The files that the database consists of, as they were when it was opened. */
struct sqlite_files {
	char *paths[SQLITE_FILES];
	dev_t devices[SQLITE_FILES];
	ino_t inodes[SQLITE_FILES];
	uint32_t cookie; /* the schema cookie in the database file itself */
	int wal_fd;      /* of our own, to read past SQLite; they are closed after the database */
	int shm_fd;
	bool rescued; /* all that a missing -wal had is in the database file */
};

struct store_sqlite {
	sqlite3 *db;
	int lock_fd; /* holds the flock() on the file; closed after the database */
	char *path;
	struct sqlite_files files;
	struct ls_fail lost; /* why SQLite has rolled back the whole transaction by itself */
	sqlite3_stmt *statements[SQLITE_STATEMENTS];
};

enum {
	SQLITE_APPLICATION_ID = 0x4c736331, /* "Lsc1": marks a database of this program */
	SQLITE_PLACE_TEXT = 65,             /* the id of an audit entry, and a NUL */
};

/* migrations.c: brings an open database to this program's schema. */
int store_sqlite_migrate(sqlite3 *db, const char *path, struct ls_fail *fail) LS_MUST_CHECK;

/* sqlite_sql.c */
int store_sqlite_prepare_all(struct store_sqlite *s, struct ls_fail *fail) LS_MUST_CHECK;
/* Fills `fail` from the database's last error and returns its code: -EBUSY, -ENOSPC, -ENOMEM or
 * -EIO. */
int store_sqlite_fail(const struct store_sqlite *s, const char *what, struct ls_fail *fail);
/* The number that the statement gives in its first column. A code of SQLite. */
int store_sqlite_number(sqlite3 *db, const char *sql, int64_t *ret) LS_MUST_CHECK;

/* sqlite_read.c: the place of the newest entry of the audit log; 0: it is empty. A code of SQLite.
 */
int store_sqlite_last_entry(struct store_sqlite *s, int64_t *ret) LS_MUST_CHECK;

/* sqlite_place.c: copies the id of an audit entry, and when it is a UUID, puts the entry's place
 * into it. */
void store_sqlite_place_put(const char *id, int64_t place, char ret[static SQLITE_PLACE_TEXT]);
/* False when the id has no place: it was made before ids had one, or by somebody else. */
bool store_sqlite_place_get(const char *id, int64_t *ret);

/* sqlite_files.c: notes which files the database consists of, once it is open and set up. */
int store_sqlite_files_note(struct store_sqlite *s, struct ls_fail *fail) LS_MUST_CHECK;
/* -ESTALE, and which file it is, when one of them was moved, replaced or deleted. */
int store_sqlite_files_check(struct store_sqlite *s, struct ls_fail *fail) LS_MUST_CHECK;
/* -ESTALE when the -wal was overwritten or truncated. Call it in a transaction that has the lock
 * for writing: then nobody else changes the -wal or what the -shm says about it. */
int store_sqlite_files_check_wal(const struct store_sqlite *s, struct ls_fail *fail) LS_MUST_CHECK;
/* Closes the database so that what lies at its path now is not damaged. */
void store_sqlite_files_close(struct store_sqlite *s);

#endif
