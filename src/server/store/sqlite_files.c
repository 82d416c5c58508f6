/* SPDX-License-Identifier: Apache-2.0 */
/* SQLite keeps its files open. When somebody moves, replaces or deletes one of them, it goes on
 * writing to the old one, and what it writes is lost when the process ends, or meets the new files
 * and damages them. SQLite itself looks only at the database file, and only when it opens its
 * journal. So this compares, before each commit, what is at the paths with what was opened.
 *
 * A database file that was overwritten in place is still the same file. It shows by the schema
 * cookie in its header, which every start of the server increases. A -wal that was overwritten or
 * truncated shows by its size and salts: the -shm says what they must be. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "server/store/sqlite_parts.h"

enum {
	/* SQLite's file format, 1.3 */
	HEADER_COOKIE_AT = 40,
	HEADER_READ = 44,
	/* SQLite's WAL-mode file format, 2.1 to 2.3 and 3 */
	WAL_HEADER = 32,
	WAL_SALTS_AT = 16,
	FRAME_HEADER = 24,
	SHM_PAGE_SIZE_AT = 14,
	SHM_FRAMES_AT = 16,
	SHM_SALTS_AT = 32,
	SHM_READ = 40,
	/* Less room than this, and only a test tells if a change would work. */
	ROOM_LOW = 1 << 20,
};

static const char header_magic[16] = "SQLite format 3";

/* Reads the cookie past SQLite, from the file itself. Uses lock_fd: closing another descriptor of
 * the file would drop SQLite's locks. False when it is not the beginning of a database. */
static bool read_cookie(const struct store_sqlite *s, uint32_t *ret)
{
	uint8_t b[HEADER_READ];

	if (pread(s->lock_fd, b, sizeof(b), 0) != (ssize_t)sizeof(b) ||
	    strncmp((const char *)b, header_magic, sizeof(header_magic)) != 0)
		return false;
	*ret = (uint32_t)b[HEADER_COOKIE_AT] << 24 | (uint32_t)b[HEADER_COOKIE_AT + 1] << 16 |
	       (uint32_t)b[HEADER_COOKIE_AT + 2] << 8 | b[HEADER_COOKIE_AT + 3];
	return true;
}

static bool is_in_place(const struct sqlite_files *files, enum sqlite_file which)
{
	struct stat st;

	return stat(files->paths[which], &st) == 0 && st.st_dev == files->devices[which] &&
	       st.st_ino == files->inodes[which];
}

/* A checkpoint by another program may bring a schema that another program has changed into the
 * file: then SQLite knows that cookie too. */
static bool is_overwritten(struct store_sqlite *s)
{
	uint32_t cookie = 0;
	int64_t known = 0;

	if (read_cookie(s, &cookie)) {
		if (cookie == s->files.cookie)
			return false;
		if (store_sqlite_number(s->db, "PRAGMA schema_version", &known) == SQLITE_OK &&
		    cookie == (uint32_t)known) {
			s->files.cookie = cookie;
			return false;
		}
	}
	return true;
}

/* True also when the -wal has nothing: then its content does not matter. */
static bool is_wal_whole(const struct sqlite_files *files)
{
	uint8_t shm[SHM_READ];
	uint64_t size, salts, known_salts;
	uint32_t frames;
	uint16_t page;
	struct stat st;

	if (pread(files->shm_fd, shm, sizeof(shm), 0) != (ssize_t)sizeof(shm))
		return false;
	/* In the byte order of this machine. 1: 65536. */
	memcpy(&frames, shm + SHM_FRAMES_AT, sizeof(frames));
	memcpy(&page, shm + SHM_PAGE_SIZE_AT, sizeof(page));
	memcpy(&known_salts, shm + SHM_SALTS_AT, sizeof(known_salts));
	if (frames == 0)
		return true;
	size = WAL_HEADER + (uint64_t)frames * (FRAME_HEADER + (page == 1 ? 65536U : page));
	return fstat(files->wal_fd, &st) == 0 && (uint64_t)st.st_size >= size &&
	       pread(files->wal_fd, &salts, sizeof(salts), WAL_SALTS_AT) ==
	               (ssize_t)sizeof(salts) &&
	       salts == known_salts;
}

/* A full disk, or another program that reads, may keep it from that. */
static void increase_cookie(struct store_sqlite *s)
{
	int64_t cookie = 0;
	char sql[128];

	if (store_sqlite_number(s->db, "PRAGMA schema_version", &cookie) != SQLITE_OK)
		return;
	(void)snprintf(sql, sizeof(sql), "PRAGMA schema_version = %" PRIu32,
	               ((uint32_t)cookie + 1U) & INT32_MAX);
	if (sqlite3_exec(s->db, sql, NULL, NULL, NULL) == SQLITE_OK)
		(void)sqlite3_wal_checkpoint_v2(s->db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL,
		                                NULL);
}

int store_sqlite_files_note(struct store_sqlite *s, struct ls_fail *fail)
{
	struct sqlite_files *files = &s->files;
	const char *name = sqlite3_db_filename(s->db, "main");
	size_t size = strlen(name) + sizeof("-shm");

	increase_cookie(s);
	/* The path as it was given: a symbolic link may be turned to another file. SQLite puts the
	 * other two beside the file that it leads to. */
	files->paths[SQLITE_FILE_DATABASE] = ls_strdup(s->path);
	files->paths[SQLITE_FILE_WAL] = ls_strdup(sqlite3_filename_wal(name));
	files->paths[SQLITE_FILE_SHM] = ls_new_bytes(size);
	(void)snprintf(files->paths[SQLITE_FILE_SHM], size, "%s-shm", name);
	for (size_t i = 0; i < SQLITE_FILES; i++) {
		struct stat st;

		if (stat(files->paths[i], &st) < 0)
			return ls_fail_set(fail, -errno, "cannot open database %s: %s: %s", s->path,
			                   files->paths[i], strerror(errno));
		files->devices[i] = st.st_dev;
		files->inodes[i] = st.st_ino;
	}
	files->wal_fd = open(files->paths[SQLITE_FILE_WAL], O_RDONLY | O_CLOEXEC);
	files->shm_fd = open(files->paths[SQLITE_FILE_SHM], O_RDONLY | O_CLOEXEC);
	if (files->wal_fd < 0 || files->shm_fd < 0 || !read_cookie(s, &files->cookie))
		return ls_fail_set(fail, -EIO, "cannot read database %s", s->path);
	return 0;
}

static int stale(const char *path, const char *how, struct ls_fail *fail)
{
	return ls_fail_set(fail, -ESTALE,
	                   "%s was %s while the server runs: put it back, or stop the server, "
	                   "restore the database and start it again",
	                   path, how);
}

/* Brings into the database file what otherwise only a deleted -wal has, so that nobody has to end
 * the server in good order. Leaves the database alone when there is a -wal at the place: that one
 * would be replayed over it. */
static void rescue(struct store_sqlite *s)
{
	struct sqlite_files *files = &s->files;
	struct stat st;

	if (files->rescued || stat(files->paths[SQLITE_FILE_WAL], &st) == 0 ||
	    !is_in_place(files, SQLITE_FILE_DATABASE) || is_overwritten(s) ||
	    !is_wal_whole(files) ||
	    sqlite3_wal_checkpoint_v2(s->db, NULL, SQLITE_CHECKPOINT_FULL, NULL, NULL) != SQLITE_OK)
		return;
	files->rescued = true;
	ls_warn("store.rescued", "state=%s", s->path);
}

int store_sqlite_files_check(struct store_sqlite *s, struct ls_fail *fail)
{
	for (enum sqlite_file i = 0; i < SQLITE_FILES; i++) {
		if (is_in_place(&s->files, i))
			continue;
		rescue(s);
		return stale(s->files.paths[i], "moved, replaced or deleted", fail);
	}
	s->files.rescued = false;
	return is_overwritten(s) ? stale(s->path, "overwritten", fail) : 0;
}

int store_sqlite_files_check_wal(const struct store_sqlite *s, struct ls_fail *fail)
{
	if (is_wal_whole(&s->files))
		return 0;
	return stale(s->files.paths[SQLITE_FILE_WAL], "overwritten or truncated", fail);
}

bool store_sqlite_looks_well(struct store_sqlite *s)
{
	struct statvfs fs;
	struct ls_fail fail;

	return store_sqlite_files_check(s, &fail) == 0 && fstatvfs(s->lock_fd, &fs) == 0 &&
	       fs.f_bavail >= ROOM_LOW / fs.f_frsize;
}

/* Leaves no -wal beside a database file that it does not belong to: SQLite would replay it over
 * that file. Ours can go, since it is in the database file, or belongs to one that lies there no
 * more. */
static void part_from_wal(const struct sqlite_files *files)
{
	const char *wal = files->paths[SQLITE_FILE_WAL];
	size_t size = strlen(wal) + sizeof(".replaced");
	char *aside = ls_new_bytes(size);

	(void)snprintf(aside, size, "%s.replaced", wal);
	for (enum sqlite_file i = SQLITE_FILE_WAL; i < SQLITE_FILES; i++) {
		if (is_in_place(files, i))
			(void)unlink(files->paths[i]);
	}
	/* What is left there is somebody else's, so it is only moved out of the way. */
	if (is_in_place(files, SQLITE_FILE_DATABASE))
		(void)rename(wal, aside);
	free(aside);
}

/* Leaves a restored database as it was restored, and brings everything into the old one, if that
 * still lies somewhere. */
static void close_stale(struct store_sqlite *s, const struct ls_fail *why)
{
	bool overwritten = is_overwritten(s);
	bool whole = !overwritten && is_wal_whole(&s->files) &&
	             sqlite3_wal_checkpoint_v2(s->db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL,
	                                       NULL) == SQLITE_OK;

	ls_error("store.stale", "whole=%d error=\"%s\"", whole, why->text);
	(void)sqlite3_db_config(s->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
	(void)sqlite3_close(s->db);
	if (whole || overwritten || !is_in_place(&s->files, SQLITE_FILE_DATABASE))
		part_from_wal(&s->files);
}

void store_sqlite_files_close(struct store_sqlite *s)
{
	struct ls_fail fail;

	/* Not noted: the database could not be opened. */
	if (s->files.shm_fd < 0 || (store_sqlite_files_check(s, &fail) == 0 &&
	                            store_sqlite_files_check_wal(s, &fail) == 0))
		(void)sqlite3_close(s->db);
	else
		close_stale(s, &fail);
	/* Not before: it would drop SQLite's locks. */
	if (s->files.wal_fd >= 0)
		(void)close(s->files.wal_fd);
	if (s->files.shm_fd >= 0)
		(void)close(s->files.shm_fd);
	for (size_t i = 0; i < SQLITE_FILES; i++)
		free(s->files.paths[i]);
}
