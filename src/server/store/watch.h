/* SPDX-License-Identifier: Apache-2.0 */
/* A store that wraps another one and measures its commits: how long they take, and whether the last
 * one worked. */
#ifndef LS_SERVER_STORE_WATCH_H
#define LS_SERVER_STORE_WATCH_H

#include "server/metrics/histogram.h"
#include "server/store/store.h"

struct store_watch {
	struct store store; /* the store that callers use */
	struct store *inner;
	struct histogram commits; /* includes those that failed */
	uint64_t failures;
	int failure;        /* error of the last commit or check; 0: it worked */
	int64_t checked_at; /* last call of the inner check(), Unix time */
};

/* Takes ownership of the inner store: closing &watch->store closes it and frees the watch. */
struct store_watch *store_watch_new(struct store *inner);

/* Tells if the store works: 0, or the error of the last commit or check. After an error, this tests
 * the store again with check(), at most once per second. */
int store_watch_check(struct store_watch *watch, int64_t now) LS_MUST_CHECK;

#endif
