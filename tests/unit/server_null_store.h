/* SPDX-License-Identifier: Apache-2.0 */
/* A store that stores nothing. It counts commits and the records of the last one, fails on demand,
 * and in slow mode keeps commits waiting until the test ends them. */
#ifndef LS_TESTS_SERVER_NULL_STORE_H
#define LS_TESTS_SERVER_NULL_STORE_H

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/store/store.h"

struct null_store {
	struct store store;
	size_t commits;
	size_t last_count;
	size_t last_deleted; /* nodes that the last commit deletes */
	uint64_t last_revision;
	char last_audit[512]; /* "action by actor id from source; ..", of the last commit */
	int fail_with;        /* 0, or what commits end with */
	bool slow;
	bool at_work; /* on all commits that wait: none can be withdrawn */
	size_t withdrawn;
	struct histogram histogram;
	struct store_commit *waiting[32]; /* oldest first */
	size_t waiting_count;
};

static inline int null_store_load(struct store *store, const struct store_loader *loader,
                                  struct ls_fail *fail)
{
	(void)store;
	(void)loader;
	(void)fail;
	return 0;
}

static inline void null_store_note(struct null_store *null, const struct audit_entry *entry)
{
	size_t used = strlen(null->last_audit);

	(void)snprintf(null->last_audit + used, sizeof(null->last_audit) - used,
	               "%s%s by %s %s from %s", used ? "; " : "", entry->action,
	               entry->actor ? entry->actor : "-", entry->actor_id ? entry->actor_id : "-",
	               entry->source ? entry->source : "-");
}

static inline void null_store_write(struct null_store *null, const struct store_op *ops,
                                    size_t count)
{
	null->commits++;
	null->last_count = count;
	null->last_deleted = 0;
	null->last_audit[0] = '\0';
	for (size_t i = 0; i < count; i++) {
		if (ops[i].kind == STORE_REVISION)
			null->last_revision = ops[i].number;
		null->last_deleted += ops[i].kind == STORE_NODE_DELETE;
		if (ops[i].kind == STORE_AUDIT_ADD)
			null_store_note(null, ops[i].audit);
	}
}

static inline void null_store_end(struct null_store *null, struct store_commit *commit, int result)
{
	struct ls_fail fail = {0};

	if (result < 0)
		(void)ls_fail_set(&fail, result, "told to fail");
	else
		null_store_write(null, commit->ops, commit->count);
	commit->job.done(commit->job.arg, result, &fail);
}

/* Ends the commit that has waited longest. */
static inline void null_store_end_next(struct null_store *null, int result)
{
	struct store_commit *commit = null->waiting[0];

	if (null->waiting_count == 0)
		abort();
	null->waiting_count--;
	memmove(null->waiting, null->waiting + 1, null->waiting_count * sizeof(null->waiting[0]));
	null_store_end(null, commit, result);
}

static inline void null_store_commit(struct store *store, struct store_commit *commit)
{
	struct null_store *null = (struct null_store *)store;

	if (!null->slow) {
		null_store_end(null, commit, null->fail_with);
		return;
	}
	if (null->waiting_count == sizeof(null->waiting) / sizeof(null->waiting[0]))
		abort();
	null->waiting[null->waiting_count++] = commit;
}

/* There is nothing to read. */
static inline void null_store_read(struct store *store, struct store_read *read)
{
	struct ls_fail fail = {0};
	int r = read->on_end ? read->on_end(read->context, &fail) : 0;

	(void)store;
	read->job.done(read->job.arg, r, &fail);
}

static inline bool null_store_withdraw(struct store *store, struct store_job *job)
{
	struct null_store *null = (struct null_store *)store;

	for (size_t i = 0; !null->at_work && i < null->waiting_count; i++) {
		if (&null->waiting[i]->job != job)
			continue;
		null->waiting_count--;
		memmove(null->waiting + i, null->waiting + i + 1,
		        (null->waiting_count - i) * sizeof(null->waiting[0]));
		null->withdrawn++;
		return true;
	}
	return false;
}

static inline void null_store_status(struct store *store, struct store_status *ret)
{
	const struct null_store *null = (const struct null_store *)store;

	*ret = (struct store_status){.failure = null->fail_with,
	                             .waiting = null->waiting_count,
	                             .commits = &null->histogram};
}

static inline void null_store_close(struct store *store)
{
	struct null_store *null = (struct null_store *)store;

	while (null->waiting_count > 0)
		null_store_end_next(null, null->fail_with);
}

static inline void null_store_init(struct null_store *null)
{
	static const struct store_ops ops = {.load = null_store_load,
	                                     .commit = null_store_commit,
	                                     .read = null_store_read,
	                                     .withdraw = null_store_withdraw,
	                                     .status = null_store_status,
	                                     .close = null_store_close};

	*null = (struct null_store){.store = {.ops = &ops}};
}

#endif
