/* SPDX-License-Identifier: Apache-2.0 */
/* The store of the server: an SQLite database on a thread of its own. The loop gives it jobs, which
 * wait in a queue. When another program holds the database locked, the jobs wait, and whoever gave
 * one may withdraw it; nothing else waits.
 *
 * The thread writes the commits that wait in one transaction (a commit that fails does not fail the
 * others), and reads in slices between the transactions. Every few seconds it looks if the files of
 * the database are in place and the disk has room. After a failure it tests the database once per
 * second until it works again. */
#ifndef LS_SERVER_STORE_QUEUE_H
#define LS_SERVER_STORE_QUEUE_H

#include <event2/event.h>

#include "server/store/sqlite.h"
#include "server/store/store.h"

struct store_queue;

/* `loop` is that of the callers. `thread` is the loop of the thread that may use the database from
 * now on; until it runs, jobs wait. Takes ownership of the database, also on failure. */
int store_queue_new(struct store_sqlite *db, struct event_base *loop, struct event_base *thread,
                    struct store_queue **ret, struct ls_fail *fail) LS_MUST_CHECK;
/* The store, for the thread of `loop`. It belongs to the queue: closing it frees nothing. */
struct store *store_queue_store(struct store_queue *queue);
/* On the thread: ends its loop. */
void store_queue_stop(struct store_queue *queue);
/* Closes the database. Call it when the thread has ended, and the store was closed or never used.
 * NULL is fine. */
void store_queue_free(struct store_queue *queue);

enum {
	STORE_COMMITS_MAX = 4096,   /* that may wait; more end with -EBUSY */
	STORE_READS_MAX = 256,      /* likewise */
	STORE_CLOSE_MS = 5000,      /* closing waits this long for jobs to begin, .. */
	STORE_CLOSE_END_MS = 10000, /* .. and then this long for those that have begun to end */
};

#endif
