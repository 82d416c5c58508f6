/* SPDX-License-Identifier: Apache-2.0 */
/* The peers of the data plane: which there are, their allowed IPs and keepalive. Their endpoints
 * are not compared: the part that chooses paths sets them (apply_options.endpoints). */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "apply/kind.h"
#include "base/cleanup.h"
#include "base/mem.h"

static int read_peers(struct apply_context *ctx, struct apply_actual *actual, struct ls_fail *fail)
{
	int r;

	if (!actual->exists || !ctx->options.ops) /* in a dry run, link.c has read them */
		return 0;
	r = ctx->options.ops->read(ctx->dp, &actual->device, fail);
	/* The data plane's interface is gone; the one of that name is another. */
	if (r == -ENODEV) {
		actual->exists = false;
		r = 0;
	}
	return r;
}

static bool plan_has(const struct plan_peer *peer, const struct ls_prefix *prefix)
{
	for (size_t i = 0; i < peer->allowed_ip_count; i++) {
		if (ls_prefix_equal(&peer->allowed_ips[i], prefix))
			return true;
	}
	return false;
}

static bool device_has(const struct wg_peer_config *peer, const struct ls_prefix *prefix)
{
	for (size_t i = 0; i < peer->allowed_ip_count; i++) {
		if (ls_prefix_equal(&peer->allowed_ips[i].prefix, prefix))
			return true;
	}
	return false;
}

static bool differs(const struct wg_peer_config *actual, const struct plan_peer *wanted)
{
	if (actual->keepalive_s != wanted->keepalive_s)
		return true;
	for (size_t i = 0; i < actual->allowed_ip_count; i++) {
		if (!plan_has(wanted, &actual->allowed_ips[i].prefix))
			return true;
	}
	for (size_t i = 0; i < wanted->allowed_ip_count; i++) {
		if (!device_has(actual, &wanted->allowed_ips[i]))
			return true;
	}
	return false;
}

static int compare_peers(const void *a, const void *b)
{
	const struct wg_peer_config *const *pa = a, *const *pb = b;

	return memcmp((*pa)->public_key.b, (*pb)->public_key.b, LS_KEY_LEN);
}

/* The device's peers sorted by key, malloced; NULL when out of memory. */
static const struct wg_peer_config **sort_peers(const struct wg_config *device)
{
	const struct wg_peer_config **index =
	        ls_try_array(device->peer_count, sizeof(const struct wg_peer_config *));

	if (!index)
		return NULL;
	for (size_t i = 0; i < device->peer_count; i++)
		index[i] = &device->peers[i];
	qsort(index, device->peer_count, sizeof(const struct wg_peer_config *), compare_peers);
	return index;
}

static int diff_peers(const struct apply_context *ctx, const struct apply_actual *actual,
                      const struct plan *plan, struct plan_steps *steps)
{
	size_t count = actual->device.peer_count;
	LS_FREE const struct wg_peer_config **present = sort_peers(&actual->device);

	(void)ctx;
	if (!present)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++) {
		const struct plan_peer *peer = plan_find_peer(plan, &present[i]->public_key);
		const struct plan_step step = {.kind = peer ? PLAN_STEP_PEER_CHANGE
		                                            : PLAN_STEP_PEER_REMOVE,
		                               .wanted = peer,
		                               .actual = present[i]};

		if ((!peer || differs(present[i], peer)) && plan_steps_add(steps, &step) < 0)
			return -ENOMEM;
	}
	for (size_t i = 0; i < plan->peer_count; i++) {
		const struct plan_peer *peer = &plan->peers[i];
		const struct wg_peer_config probe = {.public_key = peer->public_key};
		const struct wg_peer_config *key = &probe;
		const struct plan_step step = {.kind = PLAN_STEP_PEER_ADD, .wanted = peer};

		if (bsearch(&key, present, count, sizeof(key), compare_peers))
			continue;
		if (plan_steps_add(steps, &step) < 0)
			return -ENOMEM;
	}
	return 0;
}

static int change_allowed_ips(const struct plan_step *step, struct wg_peer_config *peer)
{
	const struct plan_peer *wanted = step->wanted;
	const struct wg_peer_config *actual = step->actual;
	int r = 0;

	for (size_t i = 0; i < wanted->allowed_ip_count && r == 0; i++) {
		if (!actual || !device_has(actual, &wanted->allowed_ips[i]))
			r = wg_config_add_allowed_ip(peer, &wanted->allowed_ips[i], false);
	}
	for (size_t i = 0; actual && i < actual->allowed_ip_count && r == 0; i++) {
		const struct ls_prefix *prefix = &actual->allowed_ips[i].prefix;

		if (!plan_has(wanted, prefix))
			r = wg_config_add_allowed_ip(peer, prefix, true);
	}
	return r;
}

static int add_to_change(const struct plan_step *step, struct wg_config *change)
{
	struct wg_peer_config *peer = wg_config_add_peer(change, plan_step_key(step));

	if (!peer)
		return -ENOMEM;
	if (step->kind == PLAN_STEP_PEER_REMOVE) {
		peer->flags = WG_PEER_REMOVE;
		return 0;
	}
	if (step->kind == PLAN_STEP_PEER_CHANGE)
		peer->flags = WG_PEER_UPDATE_ONLY;
	if (!step->actual || step->actual->keepalive_s != step->wanted->keepalive_s) {
		peer->flags |= WG_PEER_KEEPALIVE;
		peer->keepalive_s = step->wanted->keepalive_s;
	}
	return change_allowed_ips(step, peer);
}

/* Applies all steps in one change: the data plane applies the whole change or nothing of it. */
static int act_peers(struct apply_context *ctx, const struct plan_step *steps, size_t count,
                     struct apply_report *report, struct ls_fail *fail)
{
	struct wg_config change LS_CLEANUP(wg_config_done) = {0};
	int r = 0;

	for (size_t i = 0; i < count && r == 0; i++)
		r = add_to_change(&steps[i], &change);
	if (r == 0 && ctx->options.endpoints)
		r = ctx->options.endpoints(ctx->options.arg, &change);
	if (r < 0)
		return ls_fail_set(fail, r, "peers: %s", ls_strerror(r));
	r = ctx->options.ops->configure(ctx->dp, &change, fail);
	for (size_t i = 0; i < count && r == 0; i++)
		apply_note_done(ctx, &steps[i], report);
	return r;
}

/* There is no undo: closing the interface removes the peers. */
const struct apply_kind apply_peers = {
        .name = "peers",
        .steps = APPLY_STEP(PLAN_STEP_PEER_REMOVE) | APPLY_STEP(PLAN_STEP_PEER_CHANGE) |
                 APPLY_STEP(PLAN_STEP_PEER_ADD),
        .read = read_peers,
        .diff = diff_peers,
        .act = act_peers,
};
