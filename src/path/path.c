/* SPDX-License-Identifier: Apache-2.0 */
#include "path/path.h"

#include <limits.h>

static const char *const reason_names[] = {
        [PATH_KEEP] = "keep",
        [PATH_FIRST] = "first",
        [PATH_NEW] = "new",
        [PATH_STALE] = "stale",
};
_Static_assert(sizeof(reason_names) / sizeof(reason_names[0]) == PATH_STALE + 1, "reasons");

const char *path_reason_name(enum path_reason reason)
{
	return reason_names[reason];
}

void path_init(struct path *path, uint64_t stale_ns)
{
	*path = (struct path){.stale_ns = stale_ns};
}

/* The index, or `count` when absent. */
static size_t find(const struct ls_endpoint *list, size_t count, const struct ls_endpoint *ep)
{
	size_t i = 0;

	while (i < count && !ls_endpoint_equal(&list[i], ep))
		i++;
	return i;
}

/* Waits anew for an answer from `ep`. */
static void choose(struct path *path, const struct ls_endpoint *ep)
{
	path->current = *ep;
	path->chosen = true;
	path->heard = false;
	path->silent_ns = 0;
}

enum path_reason path_set_candidates(struct path *path, const struct ls_endpoint *list,
                                     size_t count)
{
	struct path old = *path;
	const struct ls_endpoint *fresh = NULL;

	path->count = 0;
	for (size_t i = 0; i < count && path->count < PATH_CANDIDATES_MAX; i++) {
		if (find(path->candidates, path->count, &list[i]) < path->count)
			continue;
		path->candidates[path->count++] = list[i];
		if (!fresh && find(old.candidates, old.count, &list[i]) == old.count)
			fresh = &list[i];
	}
	if (path->heard || path->count == 0)
		return PATH_KEEP;
	if (!path->chosen) {
		choose(path, &path->candidates[0]);
		return PATH_FIRST;
	}
	/* What is not announced any more, or must not be sent to, waits for no answer. */
	if (!fresh && find(path->candidates, path->count, &path->current) == path->count &&
	    !ls_endpoint_equal(&path->current, &path->roamed))
		fresh = &path->candidates[0];
	if (!fresh || ls_endpoint_equal(fresh, &path->current))
		return PATH_KEEP;
	choose(path, fresh);
	return PATH_NEW;
}

static void note_heard(struct path *path, const struct path_sample *sample)
{
	path->rx_bytes = sample->rx_bytes;
	path->tx_heard = sample->tx_bytes;
	path->silent_ns = 0;
	if (sample->endpoint.ip.family == LS_FAMILY_NONE)
		return;
	path->heard = true;
	path->in_vain = 0;
	path->chosen = true;
	path->current = sample->endpoint;
	if (find(path->candidates, path->count, &path->current) == path->count)
		path->roamed = path->current;
}

/* The one after `current`; the roamed one comes after the last candidate. */
static const struct ls_endpoint *next_candidate(const struct path *path)
{
	bool has_roamed = path->roamed.ip.family != LS_FAMILY_NONE &&
	                  find(path->candidates, path->count, &path->roamed) == path->count;
	size_t all = path->count + (has_roamed ? 1 : 0);
	size_t i = find(path->candidates, path->count, &path->current);

	if (all == 0)
		return NULL;
	/* A roamed or withdrawn current gives way to the best. */
	i = i == path->count ? 0 : (i + 1) % all;
	return i < path->count ? &path->candidates[i] : &path->roamed;
}

enum path_reason path_observe(struct path *path, const struct path_sample *sample, uint64_t now_ns)
{
	const struct ls_endpoint *next;
	struct ls_endpoint chosen;

	/* Counters that went back are those of a peer made anew. */
	if (sample->rx_bytes < path->rx_bytes || sample->tx_bytes < path->tx_heard) {
		path->rx_bytes = sample->rx_bytes;
		path->tx_heard = sample->tx_bytes;
	}
	if (sample->rx_bytes > path->rx_bytes) {
		note_heard(path, sample);
		return PATH_KEEP;
	}
	if (sample->tx_bytes - path->tx_heard < PATH_WANT_BYTES)
		return PATH_KEEP;
	if (path->silent_ns == 0)
		path->silent_ns = now_ns;
	if (now_ns - path->silent_ns < path->stale_ns)
		return PATH_KEEP;
	if (path->in_vain < UINT_MAX)
		path->in_vain++;
	path->heard = false; /* from now on new candidates get their chance at once */
	next = next_candidate(path);
	path->tx_heard = sample->tx_bytes;
	path->silent_ns = 0;
	if (!next ||
	    (ls_endpoint_equal(next, &path->current) && ls_endpoint_equal(next, &sample->endpoint)))
		return PATH_KEEP;
	chosen = *next;
	choose(path, &chosen);
	return PATH_STALE;
}
