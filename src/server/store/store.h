/* SPDX-License-Identifier: Apache-2.0 */
/* Stores the server's state durably. A change is a list of operations; commit() writes them as one
 * transaction, or none of them, and reports the result through a callback. All functions are
 * called, and call back, on the thread of the control loop. */
#ifndef LS_SERVER_STORE_STORE_H
#define LS_SERVER_STORE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/mem.h"
#include "proto/node_admin.h"
#include "proto/server_report.h"
#include "server/store/records.h"

enum store_op_kind {
	STORE_NETWORK_PUT,    /* .network: add or replace it */
	STORE_NETWORK_DELETE, /* .id: also deletes its tokens */
	STORE_REVISION,       /* .id of a network, .number */
	STORE_NODE_PUT,       /* .node: add or replace it */
	STORE_NODE_SEEN,      /* .id, .time */
	STORE_NODE_DELETE,    /* .id: also deletes its key records */
	STORE_TOKEN_PUT,      /* .token: add or replace it */
	STORE_KEY_ADD,        /* .id of the node, .key */
	STORE_KEY_REVOKE,     /* .id of the node, type and bytes of .key, .time; 0: valid again */
	STORE_AUDIT_ADD,      /* .audit */
};

struct store_op {
	enum store_op_kind kind;
	const char *id;
	uint64_t number;
	int64_t time;
	union {
		const struct network_record *network;
		const struct node_record *node;
		const struct token_record *token;
		const struct audit_entry *audit;
		struct key_record key;
	};
};

/* Called for every row. The record lives only during the call. A negative result ends the load,
 * which returns it. */
struct store_loader {
	void *context;
	int (*network)(void *context, const struct network_record *record, struct ls_fail *fail);
	int (*token)(void *context, const struct token_record *record, struct ls_fail *fail);
	int (*node)(void *context, const struct node_record *record, struct ls_fail *fail);
};

struct audit_query {
	const char *network_id; /* NULL: all */
	const char *node_id;    /* NULL: all */
	uint64_t limit;         /* at most this many entries, the newest; at least 1 */
};

/* One transaction. The caller owns it and all that it points to, and neither changes nor frees any
 * of it until done() is called. Until then, the store may read it on any thread; it reads nothing
 * else of its caller. */
struct store_commit {
	const struct store_op *ops;
	size_t count;
	/* `result` is 0 only when the whole transaction will survive a crash. Otherwise nothing of
	 * it was written, `fail` says why, and later commits may work again. `fail` lives only
	 * during the call. -ENOSPC: the disk is full; -ECANCELED: the store was closed; -EIO,
	 * -ENOMEM. */
	void (*done)(void *arg, int result, const struct ls_fail *fail);
	void *arg;
};

struct store;

struct store_ops {
	/* Gives networks, then tokens, then nodes in the order of their registration. */
	int (*load)(struct store *store, const struct store_loader *loader, struct ls_fail *fail);
	/* Calls done() exactly once, possibly before it returns. Commits end in the order in which
	 * they were given. */
	void (*commit)(struct store *store, struct store_commit *commit);
	/* Tests if a commit would work now: does a write that changes no data. */
	int (*check)(struct store *store, struct ls_fail *fail);
	/* Allocates the result in `arena`. */
	int (*audit)(struct store *store, const struct audit_query *query, struct ls_arena *arena,
	             struct audit_log *ret, struct ls_fail *fail);
	/* Likewise; the oldest key comes first. */
	int (*keys)(struct store *store, const char *node_id, struct ls_arena *arena,
	            struct key_history *ret, struct ls_fail *fail);
	/* First ends all commits that were given, within a bounded time: those that have not begun
	 * by then end with -ECANCELED. */
	void (*close)(struct store *store);
};

struct store {
	const struct store_ops *ops;
};

/* Opens the SQLite file at `path` and brings its tables up to date. Makes the file (mode 0600) and
 * its directory when they are missing. Fails and leaves the file unchanged when it is damaged, is
 * not a database of this program, was made by a newer version, or is open in another server. */
int store_sqlite_open(const char *path, struct store **ret, struct ls_fail *fail) LS_MUST_CHECK;

#endif
