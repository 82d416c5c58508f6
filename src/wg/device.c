/* SPDX-License-Identifier: Apache-2.0 */
#include "wg/device.h"

#include <errno.h>
#include <stdlib.h>

#include "base/mem.h"
#include "wg/inner.h"
#include "wg/peer.h"

void wg_device_random(struct wg_device *dev, void *buf, size_t len)
{
	dev->ops->random(dev->user, buf, len);
}

/* SplitMix64 (Steele, Lea, Flood 2014): jitter wants spread, not secrecy, and must not cost a
 * system call for every packet that starts a timer. */
uint64_t wg_device_jitter_ns(struct wg_device *dev)
{
	uint64_t z = dev->jitter_state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return (z ^ (z >> 31)) % (WG_JITTER_MAX_NS + 1);
}

uint32_t wg_device_new_index(struct wg_device *dev, enum index_kind kind, void *owner)
{
	enum {
		TRIES = 64 /* the table is nearly empty among 2^32 */
	};

	for (int i = 0; i < TRIES; i++) {
		uint32_t index;
		int r;

		wg_device_random(dev, &index, sizeof(index));
		r = wg_index_table_add(&dev->indices, index, kind, owner);
		if (r == 0)
			return index;
		if (r != -EEXIST)
			break;
	}
	return 0;
}

void wg_device_peer_changed(struct wg_device *dev, const struct wg_peer *peer)
{
	if (dev->ops->peer_changed)
		dev->ops->peer_changed(dev->user, &peer->remote.public_key);
}

struct wg_device *wg_device_new(const struct wg_device_ops *ops, void *user)
{
	struct wg_device *dev = ls_new(struct wg_device);

	dev->ops = ops;
	dev->user = user;
	dev->by_key = ls_map_new();
	dev->aead = aead_new();
	ls_list_init(&dev->peers);
	wg_device_random(dev, &dev->jitter_state, sizeof(dev->jitter_state));
	return dev;
}

void wg_device_free(struct wg_device *dev)
{
	if (!dev)
		return;
	LS_LIST_EACH_SAFE (it, tmp, &dev->peers)
		wg_peer_free(LS_CONTAINER(it, struct wg_peer, in_device));
	ls_map_free(dev->by_key);
	wg_index_table_done(&dev->indices);
	wg_allowedips_done(&dev->allowed);
	wg_deadlines_done(&dev->deadlines);
	wg_cookie_checker_done(&dev->checker);
	wg_ratelimit_free(dev->ratelimit);
	aead_free(dev->aead);
	key_wipe(dev, sizeof(*dev));
	free(dev);
}

void wg_device_set_mtu(struct wg_device *dev, uint32_t mtu)
{
	dev->mtu = mtu;
}

uint64_t wg_device_next_deadline(const struct wg_device *dev)
{
	const struct deadline *first = wg_deadlines_first(&dev->deadlines);

	return first ? first->at_ns : LS_NEVER;
}

void wg_device_tick(struct wg_device *dev, uint64_t now_ns)
{
	for (int i = 0; i < WG_TICK_PEERS; i++) {
		struct deadline *first = wg_deadlines_first(&dev->deadlines);

		if (!first || first->at_ns > now_ns)
			break;
		wg_timers_run(LS_CONTAINER(first, struct wg_peer, timers.wake), now_ns);
	}
}

struct wg_peer *wg_device_route(struct wg_device *dev, const uint8_t *packet, size_t len)
{
	struct allowedips_owner *owner = NULL;

	if (inner_is_v4(packet, len))
		owner = wg_allowedips_find_v4(&dev->allowed, packet + INNER_V4_DST);
	else if (inner_is_v6(packet, len))
		owner = wg_allowedips_find_v6(&dev->allowed, packet + INNER_V6_DST);
	return owner ? LS_CONTAINER(owner, struct wg_peer, allowed) : NULL;
}

void wg_device_forget_sessions(struct wg_device *dev)
{
	LS_LIST_EACH (it, &dev->peers)
		wg_peer_forget_sessions(LS_CONTAINER(it, struct wg_peer, in_device));
}
