/* SPDX-License-Identifier: Apache-2.0 */
/* The SQLite database as a store that does everything at once, on the thread of the test; and what
 * it reads, as lists. */
#ifndef LS_TESTS_SERVER_DIRECT_STORE_H
#define LS_TESTS_SERVER_DIRECT_STORE_H

#include <stdlib.h>
#include <string.h>

#include "server/store/sqlite.h"

struct direct_store {
	struct store store;
	struct store_sqlite *db;
	struct histogram commits;
};

static inline struct store_sqlite *direct_store_db(struct store *store)
{
	return ((struct direct_store *)store)->db;
}

static inline int direct_store_load(struct store *store, const struct store_loader *loader,
                                    struct ls_fail *fail)
{
	return store_sqlite_load(direct_store_db(store), loader, fail);
}

static inline void direct_store_commit(struct store *store, struct store_commit *commit)
{
	struct store_sqlite *db = direct_store_db(store);
	struct ls_fail fail = {0}, end_fail = {0};
	int r = store_sqlite_begin(db, &fail), ended = 0;

	if (r == 0) {
		r = store_sqlite_add(db, commit, &fail);
		ended = store_sqlite_end(db, &end_fail);
	}
	if (r == 0 && ended < 0) {
		r = ended;
		fail = end_fail;
	}
	commit->job.done(commit->job.arg, r, &fail);
}

static inline void direct_store_read(struct store *store, struct store_read *read)
{
	struct ls_fail fail = {0};
	bool more = true;
	int r = 0;

	while (r == 0 && more)
		r = store_sqlite_read(direct_store_db(store), read, &more, &fail);
	read->job.done(read->job.arg, r, &fail);
}

static inline bool direct_store_withdraw(struct store *store, struct store_job *job)
{
	(void)store;
	(void)job;
	return false;
}

static inline void direct_store_status(struct store *store, struct store_status *ret)
{
	*ret = (struct store_status){.commits = &((struct direct_store *)store)->commits};
}

static inline void direct_store_close(struct store *store)
{
	store_sqlite_close(direct_store_db(store));
	free(store);
}

static inline int direct_store_open(const char *path, struct store **ret, struct ls_fail *fail)
{
	static const struct store_ops ops = {.load = direct_store_load,
	                                     .commit = direct_store_commit,
	                                     .read = direct_store_read,
	                                     .withdraw = direct_store_withdraw,
	                                     .status = direct_store_status,
	                                     .close = direct_store_close};
	struct direct_store *direct = calloc(1, sizeof(*direct));
	int r;

	if (!direct)
		abort();
	direct->store.ops = &ops;
	r = store_sqlite_open(path, &direct->db, fail);
	if (r < 0)
		free(direct);
	else
		*ret = &direct->store;
	return r;
}

/* The rows of one read, in the order in which they came. */
struct direct_rows {
	struct ls_arena *arena;
	struct audit_entry entries[1024];
	struct key_record keys[64];
	size_t count;
	size_t ends; /* how often on_end() was called */
	int result;
	struct ls_fail fail;
};

static inline const char *direct_rows_text(struct direct_rows *rows, const char *s)
{
	char *copy = s ? ls_arena_strdup(rows->arena, s) : NULL;

	if (s && !copy)
		abort();
	return copy;
}

static inline int direct_rows_audit(void *context, const struct audit_entry *entry,
                                    struct ls_fail *fail)
{
	struct direct_rows *rows = context;
	struct audit_entry *own = &rows->entries[rows->count++];

	(void)fail;
	if (rows->count > sizeof(rows->entries) / sizeof(rows->entries[0]))
		abort();
	*own = *entry;
	own->id = direct_rows_text(rows, entry->id);
	own->network_id = direct_rows_text(rows, entry->network_id);
	own->node_id = direct_rows_text(rows, entry->node_id);
	own->action = direct_rows_text(rows, entry->action);
	own->detail = direct_rows_text(rows, entry->detail);
	own->actor = direct_rows_text(rows, entry->actor);
	own->actor_id = direct_rows_text(rows, entry->actor_id);
	own->source = direct_rows_text(rows, entry->source);
	return 0;
}

static inline int direct_rows_key(void *context, const struct key_record *key, struct ls_fail *fail)
{
	struct direct_rows *rows = context;

	(void)fail;
	if (rows->count == sizeof(rows->keys) / sizeof(rows->keys[0]))
		abort();
	rows->keys[rows->count++] = *key;
	return 0;
}

static inline int direct_rows_end(void *context, struct ls_fail *fail)
{
	(void)fail;
	((struct direct_rows *)context)->ends++;
	return 0;
}

static inline void direct_rows_done(void *arg, int result, const struct ls_fail *fail)
{
	struct direct_rows *rows = arg;

	rows->result = result;
	rows->fail = *fail;
}

/* Reads with a store that answers at once. Overwrites *rows, except the arena. */
static inline int direct_rows_read(struct direct_rows *rows, struct store *store,
                                   struct store_read read)
{
	rows->count = rows->ends = 0;
	rows->result = 1;
	read.job = (struct store_job){.done = direct_rows_done, .arg = rows};
	read.on_audit = direct_rows_audit;
	read.on_key = direct_rows_key;
	read.on_end = direct_rows_end;
	read.context = rows;
	store->ops->read(store, &read);
	if (rows->result > 0)
		abort();
	return rows->result;
}

#endif
