/* SPDX-License-Identifier: Apache-2.0 */
/* The durable side of the server's state. A change is a list of operations that commit() makes
 * durable as one transaction, or not at all; its end is told by a callback. All functions are
 * called, and call back, on the control loop's thread. */
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
	STORE_NETWORK_PUT,    /* .network: made or replaced */
	STORE_NETWORK_DELETE, /* .id: with its tokens */
	STORE_REVISION,       /* .id, .number: of a network */
	STORE_NODE_PUT,       /* .node: made or replaced */
	STORE_NODE_SEEN,      /* .id, .time */
	STORE_NODE_DELETE,    /* .id: with its key records */
	STORE_TOKEN_PUT,      /* .token: made or replaced */
	STORE_KEY_ADD,        /* .id of the node, .key */
	STORE_KEY_REVOKE, /* .id of the node, .key by type and bytes, .time; 0: in force again */
	STORE_AUDIT_ADD,  /* .audit */
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

/* Called for every row; what they get lives only during the call. A negative answer ends the load
 * with it. */
struct store_loader {
	void *context;
	int (*network)(void *context, const struct network_record *record, struct ls_fail *fail);
	int (*token)(void *context, const struct token_record *record, struct ls_fail *fail);
	int (*node)(void *context, const struct node_record *record, struct ls_fail *fail);
};

struct audit_query {
	const char *network_id; /* NULL: all */
	const char *node_id;    /* NULL: all */
	uint64_t limit;         /* the newest so many; at least 1 */
};

/* A transaction on its way. Whoever hands it over owns it with all that it points to, and neither
 * changes nor frees any of it until done() is called. In between, the store may read it on any
 * thread; it reads nothing else of its caller. */
struct store_commit {
	const struct store_op *ops;
	size_t count;
	/* `result` is 0 only when all of it will survive a crash. Otherwise nothing of it is
	 * visible, later commits may work again, and `fail` says why; it lives only during the
	 * call. -ENOSPC: the disk is full; -ECANCELED: the store was closed; -EIO, -ENOMEM. */
	void (*done)(void *arg, int result, const struct ls_fail *fail);
	void *arg;
};

struct store;

struct store_ops {
	/* Networks, then tokens, then nodes in the order of registration. */
	int (*load)(struct store *store, const struct store_loader *loader, struct ls_fail *fail);
	/* Calls done() exactly once, possibly before it returns. Commits come back in the order in
	 * which they were handed over. */
	void (*commit)(struct store *store, struct store_commit *commit);
	/* Writes something that changes nothing: what a commit would end with now. */
	int (*check)(struct store *store, struct ls_fail *fail);
	/* Answers in `arena`. */
	int (*audit)(struct store *store, const struct audit_query *query, struct ls_arena *arena,
	             struct audit_log *ret, struct ls_fail *fail);
	/* Oldest first. */
	int (*keys)(struct store *store, const char *node_id, struct ls_arena *arena,
	            struct key_history *ret, struct ls_fail *fail);
	/* Commits that were handed over come back first, within a bounded time: one that is not
	 * begun by then ends with -ECANCELED. */
	void (*close)(struct store *store);
};

struct store {
	const struct store_ops *ops;
};

/* Opens or makes the SQLite file at `path` (mode 0600, its folder made when missing) and brings
 * its tables up to date. Refused, with the file untouched: one that is damaged, is no database of
 * this program, was made by a newer version, or is open in another server. */
int store_sqlite_open(const char *path, struct store **ret, struct ls_fail *fail) LS_MUST_CHECK;

#endif
