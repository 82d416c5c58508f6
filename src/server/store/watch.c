/* SPDX-License-Identifier: Apache-2.0 */
#include "server/store/watch.h"

#include <stdlib.h>

#include "base/clock.h"

static struct store *inner_of(struct store *store)
{
	return ((struct store_watch *)store)->inner;
}

static int watch_load(struct store *store, const struct store_loader *loader, struct ls_fail *fail)
{
	return inner_of(store)->ops->load(inner_of(store), loader, fail);
}

/* A commit that the inner store has not finished. */
struct watched {
	struct store_commit commit; /* given to the inner store */
	const struct store_commit *outer;
	struct store_watch *watch;
	uint64_t begin_ns;
};

static void on_done(void *arg, int result, const struct ls_fail *fail)
{
	struct watched *watched = arg;
	struct store_watch *watch = watched->watch;
	const struct store_commit *outer = watched->outer;

	metrics_histogram_add(&watch->commits, ls_now_ns() - watched->begin_ns);
	watch->failures += result < 0;
	watch->failure = result;
	free(watched);
	outer->done(outer->arg, result, fail);
}

static void watch_commit(struct store *store, struct store_commit *commit)
{
	struct store_watch *watch = (struct store_watch *)store;
	struct watched *watched = ls_new(struct watched);

	*watched = (struct watched){
	        .commit = *commit, .outer = commit, .watch = watch, .begin_ns = ls_now_ns()};
	watched->commit.done = on_done;
	watched->commit.arg = watched;
	watch->inner->ops->commit(watch->inner, &watched->commit);
}

static int watch_audit(struct store *store, const struct audit_query *query, struct ls_arena *arena,
                       struct audit_log *ret, struct ls_fail *fail)
{
	return inner_of(store)->ops->audit(inner_of(store), query, arena, ret, fail);
}

static int watch_keys(struct store *store, const char *node_id, struct ls_arena *arena,
                      struct key_history *ret, struct ls_fail *fail)
{
	return inner_of(store)->ops->keys(inner_of(store), node_id, arena, ret, fail);
}

static int watch_check(struct store *store, struct ls_fail *fail)
{
	return inner_of(store)->ops->check(inner_of(store), fail);
}

static void watch_close(struct store *store)
{
	inner_of(store)->ops->close(inner_of(store));
	free(store);
}

static const struct store_ops watch_ops = {
        .load = watch_load,
        .commit = watch_commit,
        .audit = watch_audit,
        .keys = watch_keys,
        .check = watch_check,
        .close = watch_close,
};

struct store_watch *store_watch_new(struct store *inner)
{
	struct store_watch *watch = ls_new(struct store_watch);

	watch->store.ops = &watch_ops;
	watch->inner = inner;
	return watch;
}

int store_watch_check(struct store_watch *watch, int64_t now)
{
	struct ls_fail fail;

	if (watch->failure != 0 && watch->checked_at != now) {
		watch->checked_at = now;
		watch->failure = watch->inner->ops->check(watch->inner, &fail);
	}
	return watch->failure;
}
