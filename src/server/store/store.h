/* SPDX-License-Identifier: Apache-2.0 */
/* Stores the server's state durably. A change is a list of operations; commit() writes them as one
 * transaction, or none of them, and reports the result through a callback. All functions are
 * called, and call back, on the thread of the control loop. None of them waits for a disk or for
 * another program, except load() and close(). */
#ifndef LS_SERVER_STORE_STORE_H
#define LS_SERVER_STORE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/list.h"
#include "base/mem.h"
#include "proto/node_admin.h"
#include "proto/server_report.h"
#include "server/metrics/histogram.h"
#include "server/store/records.h"

enum store_op_kind {
	STORE_NETWORK_PUT,    /* .network: add or replace it */
	STORE_NETWORK_DELETE, /* .id: also deletes its tokens */
	STORE_REVISION,       /* .id of a network, .number */
	STORE_NODE_PUT,       /* .node: add or replace it */
	STORE_NODE_SEEN,      /* .id, .time */
	STORE_NODE_DELETE,    /* .id: also deletes its key records; .time, unless 0: keeps a record
	                         of its addresses, from then */
	STORE_FORMER_TRIM,    /* .id of a network, .time: deletes some of those from until then */
	STORE_TOKEN_PUT,      /* .token: add or replace it */
	STORE_KEY_ADD,        /* .id of the node, .key */
	STORE_KEY_REVOKE,     /* .id of the node, type and bytes of .key, .time; 0: valid again */
	STORE_AUDIT_ADD,      /* .audit; the store puts its place into the id, if that is a UUID */
	/* These delete some of the oldest records of a kind, as long as there are more than
	 * .number. STRANGERS, .id of a network: audit entries of those who ask to join, and of the
	 * deletion of their requests. ROTATIONS, KEYS, .id of a node: audit entries of key
	 * rotations that it made itself, and its former keys. */
	STORE_TRIM_STRANGERS,
	STORE_TRIM_ROTATIONS,
	STORE_TRIM_KEYS,
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
	int (*former)(void *context, const struct former_record *record, struct ls_fail *fail);
};

/* Something that the store does: a commit or a read. The caller owns it and all that it points to,
 * and neither changes nor frees any of it until done() is called or the job is withdrawn. Until
 * then, the store may use it on any thread; it uses nothing else of its caller. */
struct store_job {
	/* `fail` says why `result` is negative; it lives only during the call.
	 *   -EBUSY      too many jobs wait
	 *   -ENOSPC     the disk is full
	 *   -ESTALE     a file of the database was moved, replaced, deleted or overwritten
	 *   -ECANCELED  the store was closed
	 *   -EIO, -ENOMEM */
	void (*done)(void *arg, int result, const struct ls_fail *fail);
	void *arg;
	/* The store's own, from when it gets the job until the job ends. */
	struct ls_list link;
	int state;
	bool is_commit;
	uint64_t begin_ns;
	int result;
	struct ls_fail fail;
};

/* One transaction. Its result is 0 only when the whole transaction will survive a crash. Otherwise
 * nothing of it was written, and later commits may work again. */
struct store_commit {
	struct store_job job;
	const struct store_op *ops;
	size_t count;
};

enum store_read_kind {
	STORE_READ_AUDIT,
	STORE_READ_KEYS, /* all keys that a node has had, the oldest first */
};

struct audit_query {
	const char *network_id; /* NULL: all */
	const char *node_id;    /* NULL: all */
	uint64_t limit;         /* at most this many entries; at least 1 */
	/* Ids of entries, which may have been deleted; only one that was written by an older
	 * version must still be there, since its id does not say its place. NULL, NULL: gives the
	 * newest entries, the newest first. LS_ERROR_BAD_VALUE when no entry had this id. */
	const char *before; /* gives the newest entries before this one, the newest first */
	const char *after;  /* gives the oldest entries after this one, the oldest first */
};

/* Reads rows, and calls a function for each, on the thread of the store: it must use nothing but
 * the row, which lives only during the call, and its context. When it returns a negative code, the
 * read ends with that code. LS_ERROR_BAD_VALUE: there is no such entry. */
struct store_read {
	struct store_job job;
	enum store_read_kind kind;
	struct audit_query audit;
	const char *node_id; /* STORE_READ_KEYS */
	int (*on_audit)(void *context, const struct audit_entry *entry, struct ls_fail *fail);
	int (*on_key)(void *context, const struct key_record *key, struct ls_fail *fail);
	/* Called after the last row, likewise. NULL: nothing to do. */
	int (*on_end)(void *context, struct ls_fail *fail);
	void *context;
	/* The store's own: how far it has come. Zero at the beginning. */
	bool begun;
	int64_t at;
	uint64_t given;
};

struct store_status {
	/* 0: changes can be stored. Otherwise the last change, or the last test since, has failed
	 * with this code of struct store_job; -EBUSY: another program holds the database locked. */
	int failure;
	size_t waiting;                  /* jobs that have not ended */
	uint64_t failures;               /* commits that have failed */
	uint64_t transactions;           /* each holds one commit or more */
	const struct histogram *commits; /* time of a commit until it is durable, or has failed */
};

struct store;

struct store_ops {
	/* Gives networks, then tokens, then nodes in the order of their registration, then the
	 * addresses of deleted nodes, the oldest first. Comes before all jobs. Blocks. */
	int (*load)(struct store *store, const struct store_loader *loader, struct ls_fail *fail);
	/* These call done() exactly once, possibly before they return, unless the job is withdrawn.
	 * Commits end in the order in which they were given. */
	void (*commit)(struct store *store, struct store_commit *commit);
	void (*read)(struct store *store, struct store_read *read);
	/* Takes back a job that has not ended. True: nothing of it was done or will be done (of a
	 * read: no row is given any more), and done() will not be called. False: the store is at
	 * work on it, or has just ended it; done() will be called, for a read soon. */
	bool (*withdraw)(struct store *store, struct store_job *job);
	/* What it points to lives as long as the store. */
	void (*status)(struct store *store, struct store_status *ret);
	/* First ends all jobs that were given, within a bounded time: those that have not begun by
	 * then end with -ECANCELED. Blocks. The store must not be used afterwards. */
	void (*close)(struct store *store);
};

struct store {
	const struct store_ops *ops;
};

#endif
