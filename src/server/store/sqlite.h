/* SPDX-License-Identifier: Apache-2.0 */
/* The SQLite database behind the store. All functions block: for the disk, and store_sqlite_open
 * also for the locks of other programs. Only one thread at a time may use a database. */
#ifndef LS_SERVER_STORE_SQLITE_H
#define LS_SERVER_STORE_SQLITE_H

#include "server/store/store.h"

struct store_sqlite;

/* Opens the SQLite file at `path` and brings its tables up to date. Makes the file (mode 0600) and
 * its directory when they are missing. Fails and leaves the file unchanged when it is damaged, is
 * not a database of this program, was made by a newer version, or is open in another server. */
int store_sqlite_open(const char *path, struct store_sqlite **ret,
                      struct ls_fail *fail) LS_MUST_CHECK;
/* NULL is fine. */
void store_sqlite_close(struct store_sqlite *s);
/* See struct store_ops. */
int store_sqlite_load(struct store_sqlite *s, const struct store_loader *loader,
                      struct ls_fail *fail) LS_MUST_CHECK;

/* These three write several commits in one transaction.
 * begin() takes the lock for writing. -EBUSY: another program has it; -ESTALE, -ENOMEM, -EIO. */
int store_sqlite_begin(struct store_sqlite *s, struct ls_fail *fail) LS_MUST_CHECK;
/* Adds one commit. After a failure nothing of it is left in the transaction, which goes on. */
int store_sqlite_add(struct store_sqlite *s, const struct store_commit *commit,
                     struct ls_fail *fail) LS_MUST_CHECK;
/* Ends the transaction in any case. 0: what was added will survive a crash; negative: nothing of it
 * was written. The codes are those of struct store_job. */
int store_sqlite_end(struct store_sqlite *s, struct ls_fail *fail) LS_MUST_CHECK;

/* Tests if an ordinary change would work now: writes as much as one, but changes no data. */
int store_sqlite_probe(struct store_sqlite *s, struct ls_fail *fail) LS_MUST_CHECK;

/* Looks, without writing anything, if the files are in place and the disk is not almost full.
 * False: only store_sqlite_probe() can tell if changes work. */
bool store_sqlite_looks_well(struct store_sqlite *s);

/* Reads a slice: some of the rows, in a few milliseconds. Call it again while *ret_more is true.
 * -EBUSY: another program keeps the database from being read; the same call may work later. */
int store_sqlite_read(struct store_sqlite *s, struct store_read *read, bool *ret_more,
                      struct ls_fail *fail) LS_MUST_CHECK;

#endif
