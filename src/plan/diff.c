/* SPDX-License-Identifier: Apache-2.0 */
#include "plan/diff.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

static int add_step(struct plan_steps *steps, const struct plan_step *step)
{
	void *items = steps->items;
	int r = ls_try_grow(&items, &steps->cap, steps->count + 1, sizeof(*steps->items));

	if (r < 0)
		return r;
	steps->items = items;
	steps->items[steps->count++] = *step;
	steps->counts[step->kind]++;
	return 0;
}

static bool has_prefix(const struct ls_prefix *list, size_t count, const struct ls_prefix *prefix)
{
	for (size_t i = 0; i < count; i++) {
		if (ls_prefix_equal(&list[i], prefix))
			return true;
	}
	return false;
}

static bool device_peer_has(const struct wg_peer_config *peer, const struct ls_prefix *prefix)
{
	for (size_t i = 0; i < peer->allowed_ip_count; i++) {
		if (ls_prefix_equal(&peer->allowed_ips[i].prefix, prefix))
			return true;
	}
	return false;
}

static int diff_addresses(const struct plan_actual *actual, const struct plan *wanted,
                          struct plan_steps *steps)
{
	int r = 0;

	for (size_t i = 0; i < actual->address_count && r == 0; i++) {
		struct plan_step step = {.kind = PLAN_STEP_ADDRESS_REMOVE,
		                         .address = actual->addresses[i]};

		if (!has_prefix(wanted->addresses, wanted->address_count, &step.address))
			r = add_step(steps, &step);
	}
	for (size_t i = 0; i < wanted->address_count && r == 0; i++) {
		struct plan_step step = {.kind = PLAN_STEP_ADDRESS_ADD,
		                         .address = wanted->addresses[i]};

		if (!has_prefix(actual->addresses, actual->address_count, &step.address))
			r = add_step(steps, &step);
	}
	return r;
}

static int compare_routes(const void *a, const void *b)
{
	const struct plan_route *ra = *(const struct plan_route *const *)a;
	const struct plan_route *rb = *(const struct plan_route *const *)b;
	int order = ls_ip_compare(&ra->prefix.ip, &rb->prefix.ip);

	if (order == 0)
		order = ra->prefix.bits - rb->prefix.bits;
	if (order == 0)
		order = (ra->table > rb->table) - (ra->table < rb->table);
	if (order == 0)
		order = (ra->metric > rb->metric) - (ra->metric < rb->metric);
	return order;
}

static const struct plan_route **sorted_routes(const struct plan_route *routes, size_t count)
{
	const struct plan_route **index = ls_try_array(count, sizeof(const struct plan_route *));

	for (size_t i = 0; index && i < count; i++)
		index[i] = &routes[i];
	if (index && count > 1)
		qsort(index, count, sizeof(const struct plan_route *), compare_routes);
	return index;
}

/* What `from` has and `without` has not, as steps of one kind. */
static int diff_routes(const struct plan_route *const *from, size_t from_count,
                       const struct plan_route *const *without, size_t without_count,
                       enum plan_step_kind kind, struct plan_steps *steps)
{
	size_t at = 0;
	int r = 0;

	for (size_t i = 0; i < from_count && r == 0; i++) {
		struct plan_step step = {.kind = kind, .route = *from[i]};

		while (at < without_count && compare_routes(&without[at], &from[i]) < 0)
			at++;
		if (at == without_count || compare_routes(&without[at], &from[i]) != 0)
			r = add_step(steps, &step);
	}
	return r;
}

static int compare_device_peers(const void *a, const void *b)
{
	const struct wg_peer_config *const *pa = a, *const *pb = b;

	return memcmp((*pa)->public_key.b, (*pb)->public_key.b, LS_KEY_LEN);
}

static const struct wg_peer_config **sorted_device_peers(const struct wg_config *device)
{
	const struct wg_peer_config **index =
	        ls_try_array(device->peer_count, sizeof(const struct wg_peer_config *));

	for (size_t i = 0; index && i < device->peer_count; i++)
		index[i] = &device->peers[i];
	if (index && device->peer_count > 1)
		qsort(index, device->peer_count, sizeof(const struct wg_peer_config *),
		      compare_device_peers);
	return index;
}

static bool peer_differs(const struct wg_peer_config *actual, const struct plan_peer *wanted)
{
	if (actual->keepalive_s != wanted->keepalive_s)
		return true;
	for (size_t i = 0; i < actual->allowed_ip_count; i++) {
		if (!has_prefix(wanted->allowed_ips, wanted->allowed_ip_count,
		                &actual->allowed_ips[i].prefix))
			return true;
	}
	for (size_t i = 0; i < wanted->allowed_ip_count; i++) {
		if (!device_peer_has(actual, &wanted->allowed_ips[i]))
			return true;
	}
	return false;
}

/* Removals and changes: walks the device's peers beside the plan's, both by key. */
static int diff_present_peers(const struct wg_peer_config *const *present, size_t count,
                              const struct plan *wanted, enum plan_step_kind kind,
                              struct plan_steps *steps)
{
	int r = 0;

	for (size_t i = 0; i < count && r == 0; i++) {
		const struct plan_peer *peer = plan_find_peer(wanted, &present[i]->public_key);
		struct plan_step step = {.kind = kind,
		                         .key = present[i]->public_key,
		                         .wanted = peer,
		                         .actual = present[i]};

		if (kind == PLAN_STEP_PEER_REMOVE && !peer)
			r = add_step(steps, &step);
		if (kind == PLAN_STEP_PEER_CHANGE && peer && peer_differs(present[i], peer))
			r = add_step(steps, &step);
	}
	return r;
}

static int diff_new_peers(const struct wg_peer_config *const *present, size_t count,
                          const struct plan *wanted, struct plan_steps *steps)
{
	int r = 0;

	for (size_t i = 0; i < wanted->peer_count && r == 0; i++) {
		const struct plan_peer *peer = &wanted->peers[i];
		const struct wg_peer_config probe = {.public_key = peer->public_key};
		const struct wg_peer_config *key = &probe;
		struct plan_step step = {
		        .kind = PLAN_STEP_PEER_ADD, .key = peer->public_key, .wanted = peer};

		if (count == 0 || !bsearch(&key, present, count, sizeof(key), compare_device_peers))
			r = add_step(steps, &step);
	}
	return r;
}

static int diff_peers(const struct wg_config *device, const struct plan *wanted,
                      struct plan_steps *steps)
{
	static const struct wg_config none;
	const struct wg_config *have = device ? device : &none;
	const struct wg_peer_config **present = sorted_device_peers(have);
	int r = present ? 0 : -ENOMEM;

	if (r == 0)
		r = diff_present_peers(present, have->peer_count, wanted, PLAN_STEP_PEER_REMOVE,
		                       steps);
	if (r == 0)
		r = diff_present_peers(present, have->peer_count, wanted, PLAN_STEP_PEER_CHANGE,
		                       steps);
	if (r == 0)
		r = diff_new_peers(present, have->peer_count, wanted, steps);
	free(present);
	return r;
}

static int diff_link(const struct plan_actual *actual, const struct plan *wanted,
                     struct plan_steps *steps)
{
	struct plan_step mtu = {.kind = PLAN_STEP_MTU, .mtu = wanted->mtu};
	struct plan_step up = {.kind = PLAN_STEP_UP};
	int r = diff_addresses(actual, wanted, steps);

	if (r == 0 && actual->mtu != wanted->mtu)
		r = add_step(steps, &mtu);
	if (r == 0 && !actual->up)
		r = add_step(steps, &up);
	return r;
}

/* with_peers: whether the device's peers are part of the question. */
static int diff_all(const struct plan_actual *actual, const struct plan *wanted, bool with_peers,
                    struct plan_steps *steps)
{
	const struct plan_route **have = sorted_routes(actual->routes, actual->route_count);
	const struct plan_route **want = sorted_routes(wanted->routes, wanted->route_count);
	struct plan_step create = {.kind = PLAN_STEP_CREATE};
	int r = have && want ? 0 : -ENOMEM;

	if (r == 0 && !actual->exists)
		r = add_step(steps, &create);
	if (r == 0)
		r = diff_routes(have, actual->route_count, want, wanted->route_count,
		                PLAN_STEP_ROUTE_REMOVE, steps);
	if (r == 0 && with_peers)
		r = diff_peers(actual->device, wanted, steps);
	if (r == 0)
		r = diff_link(actual, wanted, steps);
	if (r == 0)
		r = diff_routes(want, wanted->route_count, have, actual->route_count,
		                PLAN_STEP_ROUTE_ADD, steps);
	free(have);
	free(want);
	return r;
}

static int finish(struct plan_steps *steps, int r, struct plan_steps *ret)
{
	if (r < 0)
		plan_steps_done(steps);
	else
		*ret = *steps;
	return r;
}

int plan_diff(const struct plan_actual *actual, const struct plan *wanted, struct plan_steps *ret)
{
	struct plan_steps steps = {0};

	return finish(&steps, diff_all(actual, wanted, true, &steps), ret);
}

int plan_diff_interface(const struct plan_actual *actual, const struct plan *wanted,
                        struct plan_steps *ret)
{
	struct plan_steps steps = {0};

	return finish(&steps, diff_all(actual, wanted, false, &steps), ret);
}

int plan_diff_peers(const struct wg_config *device, const struct plan *wanted,
                    struct plan_steps *ret)
{
	struct plan_steps steps = {0};

	return finish(&steps, diff_peers(device, wanted, &steps), ret);
}

void plan_steps_done(struct plan_steps *steps)
{
	free(steps->items);
	*steps = (struct plan_steps){0};
}

static int change_allowed_ips(const struct plan_step *step, struct wg_peer_config *peer)
{
	const struct plan_peer *wanted = step->wanted;
	const struct wg_peer_config *actual = step->actual;
	int r = 0;

	for (size_t i = 0; i < wanted->allowed_ip_count && r == 0; i++) {
		if (!actual || !device_peer_has(actual, &wanted->allowed_ips[i]))
			r = wg_config_add_allowed_ip(peer, &wanted->allowed_ips[i], false);
	}
	for (size_t i = 0; actual && i < actual->allowed_ip_count && r == 0; i++) {
		const struct ls_prefix *prefix = &actual->allowed_ips[i].prefix;

		if (!has_prefix(wanted->allowed_ips, wanted->allowed_ip_count, prefix))
			r = wg_config_add_allowed_ip(peer, prefix, true);
	}
	return r;
}

static int step_to_config(const struct plan_step *step, struct wg_config *config)
{
	struct wg_peer_config *peer = wg_config_add_peer(config, &step->key);

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

int plan_steps_to_config(const struct plan_steps *steps, struct wg_config *ret)
{
	struct wg_config config = {0};
	int r = 0;

	for (size_t i = 0; i < steps->count && r == 0; i++) {
		enum plan_step_kind kind = steps->items[i].kind;

		if (kind == PLAN_STEP_PEER_REMOVE || kind == PLAN_STEP_PEER_CHANGE ||
		    kind == PLAN_STEP_PEER_ADD)
			r = step_to_config(&steps->items[i], &config);
	}
	if (r < 0)
		wg_config_done(&config);
	else
		*ret = config;
	return r;
}
