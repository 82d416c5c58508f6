/* SPDX-License-Identifier: Apache-2.0 */
/* Uses SQLite in WAL mode with synchronous=FULL: a commit that returned survives a crash of the
 * machine. A flock() on the file keeps a second server away. SQLite's own locks are fcntl() locks,
 * so the sqlite3 shell can still read or back up the file of a running server. */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/files.h"
#include "base/log.h"
#include "server/store/sqlite_parts.h"

enum {
	OPEN_PATIENCE_MS = 5000, /* for the locks of other programs */
};

static const char setup_sql[] = "PRAGMA journal_mode = WAL;"
                                "PRAGMA synchronous = FULL;"
                                "PRAGMA foreign_keys = ON;"
                                "PRAGMA trusted_schema = OFF;"
                                "PRAGMA cell_size_check = ON;"
                                "PRAGMA temp_store = MEMORY;"
                                "PRAGMA journal_size_limit = 4194304;";

void store_sqlite_close(struct store_sqlite *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < SQLITE_STATEMENTS; i++)
		(void)sqlite3_finalize(s->statements[i]);
	store_sqlite_files_close(s);
	/* Must come last: closing any descriptor of the file drops SQLite's fcntl() locks on it. */
	if (s->lock_fd >= 0)
		(void)close(s->lock_fd);
	free(s->path);
	free(s);
}

static int lock_file(struct store_sqlite *s, bool *ret_new, struct ls_fail *fail)
{
	struct stat st;
	int r;

	r = ls_file_make_parent(s->path, 0700, fail);
	if (r < 0)
		return r;
	s->lock_fd = open(s->path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOCTTY, 0600);
	if (s->lock_fd < 0)
		return ls_fail_set(fail, -errno, "cannot open database %s: %s", s->path,
		                   strerror(errno));
	if (fstat(s->lock_fd, &st) < 0 || !S_ISREG(st.st_mode))
		return ls_fail_set(fail, -EINVAL, "cannot open database %s: not a regular file",
		                   s->path);
	if (flock(s->lock_fd, LOCK_EX | LOCK_NB) < 0)
		return ls_fail_set(fail, -EBUSY,
		                   "database %s is in use by another lightscale-server", s->path);
	*ret_new = st.st_size == 0;
	return 0;
}

/* Existing servers keep their state as JSON, and have an option --state, too. */
static bool is_json(const struct store_sqlite *s)
{
	char start[16] = "";
	ssize_t n = pread(s->lock_fd, start, sizeof(start) - 1, 0);

	return n > 0 && start[strspn(start, " \t\r\n")] == '{';
}

static int damaged(const struct store_sqlite *s, const char *why, struct ls_fail *fail)
{
	return ls_fail_set(fail, -EIO,
	                   "database %s is damaged (%s); it is left unchanged: restore a backup",
	                   s->path, why);
}

/* The check itself failed with `rc`. Only the first two codes mean that the file is damaged. */
static int check_failed(const struct store_sqlite *s, int rc, struct ls_fail *fail)
{
	const char *why = sqlite3_errmsg(s->db);

	switch (rc) {
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		if (is_json(s))
			return ls_fail_set(fail, LS_ERROR_BAD_VALUE,
			                   "%s is the state of an existing (v1) server: make a "
			                   "database of it with lightscale-server import %s "
			                   "--state NEW-FILE",
			                   s->path, s->path);
		return damaged(s, why, fail);
	case SQLITE_CANTOPEN:
	case SQLITE_READONLY:
	case SQLITE_PERM:
		return ls_fail_set(fail, -EACCES,
		                   "cannot open database %s: %s; the server must be able to "
		                   "write to this file, to the -wal and -shm files beside it "
		                   "and to their directory",
		                   s->path, why);
	default:
		return store_sqlite_fail(s, "check", fail);
	}
}

static int quick_check(struct store_sqlite *s, struct ls_fail *fail)
{
	sqlite3_stmt *stmt = NULL;
	const char *text = NULL;
	int rc, r = 0;

	rc = sqlite3_prepare_v2(s->db, "PRAGMA quick_check(1)", -1, &stmt, NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_step(stmt);
	if (rc == SQLITE_ROW)
		text = (const char *)sqlite3_column_text(stmt, 0);
	if (!text)
		r = check_failed(s, rc, fail);
	else if (strcmp(text, "ok") != 0)
		r = damaged(s, text, fail);
	(void)sqlite3_finalize(stmt);
	return r;
}

static int open_database(struct store_sqlite *s, struct ls_fail *fail)
{
	const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX;
	int r;

	if (sqlite3_open_v2(s->path, &s->db, flags, NULL) != SQLITE_OK)
		return store_sqlite_fail(s, "open", fail);
	(void)sqlite3_extended_result_codes(s->db, 0);
	(void)sqlite3_busy_timeout(s->db, OPEN_PATIENCE_MS);
	r = quick_check(s, fail);
	if (r < 0)
		return r;
	/* This first checks that the file belongs to this program, before anything writes to it. */
	r = store_sqlite_migrate(s->db, s->path, fail);
	if (r < 0)
		return r;
	if (sqlite3_exec(s->db, setup_sql, NULL, NULL, NULL) != SQLITE_OK)
		return store_sqlite_fail(s, "set up", fail);
	/* From here on, nothing waits for the locks of others: the caller tries again. */
	(void)sqlite3_busy_timeout(s->db, 0);
	r = store_sqlite_files_note(s, fail);
	if (r < 0)
		return r;
	return store_sqlite_prepare_all(s, fail);
}

int store_sqlite_open(const char *path, struct store_sqlite **ret, struct ls_fail *fail)
{
	struct store_sqlite *s = ls_new(struct store_sqlite);
	bool is_new = false;
	int r;

	s->lock_fd = s->files.wal_fd = s->files.shm_fd = -1;
	s->path = ls_strdup(path);
	r = lock_file(s, &is_new, fail);
	if (r == 0)
		r = open_database(s, fail);
	if (r < 0) {
		store_sqlite_close(s);
		return r;
	}
	/* Log it: a mistyped path also makes a new database, without any nodes. */
	if (is_new)
		ls_info("store.new", "state=%s", path);
	*ret = s;
	return 0;
}
