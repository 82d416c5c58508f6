/* SPDX-License-Identifier: Apache-2.0 */
#include "wg/device.h"

#include <assert.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/mem.h"
#include "wg/engine.h"
#include "wg/inner.h"
#include "wg/peer.h"
#include "wg/send.h"
#include "wg/timers.h"

struct wg_device *wg_device_new(const struct wg_device_ops *ops, void *user)
{
	struct wg_device *dev = ls_new(struct wg_device);

	dev->ops = ops;
	dev->user = user;
	dev->by_key = ls_map_new();
	dev->aead = aead_new();
	dev->route_epoch = 1;
	ls_list_init(&dev->peers);
	ops->random(user, &dev->jitter_state, sizeof(dev->jitter_state));
	return dev;
}

void wg_device_free(struct wg_device *dev)
{
	if (!dev)
		return;
	LS_LIST_EACH_SAFE (it, tmp, &dev->peers)
		wg_peer_free(LS_CONTAINER(it, struct wg_peer, in_device));
	/* Freeing the peers has removed everything that belonged to them. */
	assert(dev->indices.count == 0 && dev->deadlines.count == 0 && dev->staged_bytes == 0);
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

/* Acts on each timer of timers.h that is due. When the peer does not answer, the cause may be our
 * source address: the host's routing then chooses one again. */
static void run_timers(struct wg_peer *peer, uint64_t now_ns)
{
	enum wg_timer timer;
	bool another;

	while ((timer = wg_timers_take_due(peer, now_ns)) != WG_TIMER_NONE) {
		switch (timer) {
		case WG_TIMER_NONE:
			break;
		case WG_TIMER_RETRANSMIT:
			wg_peer_forget_local(peer);
			wg_send_initiation(peer, true, now_ns);
			break;
		case WG_TIMER_GIVE_UP:
			wg_staged_clear(&peer->staged, &peer->dev->staged_bytes);
			break;
		case WG_TIMER_KEEPALIVE:
			another = peer->timers.another_keepalive;
			peer->timers.another_keepalive = false;
			wg_send_keepalive(peer, now_ns);
			if (another)
				wg_timers_data_received(peer, now_ns);
			break;
		case WG_TIMER_NEW_SESSION:
			wg_peer_forget_local(peer);
			wg_send_initiation(peer, false, now_ns);
			break;
		case WG_TIMER_ZERO_KEYS:
			wg_peer_zero_keys(peer);
			break;
		case WG_TIMER_PERSISTENT:
			wg_send_keepalive(peer, now_ns);
			break;
		}
	}
}

void wg_device_tick(struct wg_device *dev, uint64_t now_ns)
{
	for (int i = 0; i < WG_TICK_PEERS; i++) {
		struct deadline *first = wg_deadlines_first(&dev->deadlines);

		if (!first || first->at_ns > now_ns)
			break;
		run_timers(LS_CONTAINER(first, struct wg_peer, timers.wake), now_ns);
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

void wg_device_routes_changed(struct wg_device *dev)
{
	if (++dev->route_epoch == 0)
		dev->route_epoch = 1;
}

void wg_device_forget_sessions(struct wg_device *dev)
{
	LS_LIST_EACH (it, &dev->peers)
		wg_peer_forget_sessions(LS_CONTAINER(it, struct wg_peer, in_device));
}
