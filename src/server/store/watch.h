/* SPDX-License-Identifier: Apache-2.0 */
/* A store around another that watches how its commits go: how long they take, and whether the last
 * one worked. */
#ifndef LS_SERVER_STORE_WATCH_H
#define LS_SERVER_STORE_WATCH_H

#include "server/metrics/histogram.h"
#include "server/store/store.h"

struct store_watch {
	struct store store; /* what others are given */
	struct store *inner;
	struct histogram commits; /* those that failed, too */
	uint64_t failures;
	int failure;        /* what the last commit or check failed with; 0: it worked */
	int64_t checked_at; /* Unix seconds */
};

/* Takes the inner store over: closing &watch->store closes it, and frees the watch. */
struct store_watch *store_watch_new(struct store *inner);

/* Whether a change would be taken now: 0, or what the last one failed with. A store that failed is
 * asked again, at most once a second, by a write that changes nothing. */
int store_watch_check(struct store_watch *watch, int64_t now) LS_MUST_CHECK;

#endif
