/* SPDX-License-Identifier: Apache-2.0 */
#include "wg/peer.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/mem.h"
#include "wg/engine.h"
#include "wg/timers.h"

struct wg_peer *wg_peer_new(struct wg_device *dev, const struct wg_public_key *key)
{
	struct wg_peer *peer = ls_try_array(1, sizeof(*peer));

	if (!peer)
		return NULL;
	peer->dev = dev;
	peer->remote.public_key = *key;
	wg_timers_init(peer);
	ls_list_init(&peer->in_device);
	return peer;
}

void wg_peer_free(struct wg_peer *peer)
{
	if (!peer)
		return;
	ls_list_remove(&peer->in_device);
	wg_deadlines_set(&peer->dev->deadlines, &peer->timers.wake, LS_NEVER);
	wg_allowedips_remove_all(&peer->dev->allowed, &peer->allowed);
	wg_peer_forget_sessions(peer);
	assert(peer->timers.wake.at_ns == LS_NEVER && peer->allowed.first == 0);
	key_wipe(peer, sizeof(*peer));
	free(peer);
}

bool wg_peer_set_path(struct wg_peer *peer, const struct wg_path *path)
{
	bool moved = !ls_endpoint_equal(&peer->path.remote, &path->remote);

	if (!moved && peer->path.link == path->link && ls_ip_equal(&peer->path.local, &path->local))
		return false;
	peer->path = *path;
	peer->route_epoch = 0;
	return moved;
}

void wg_peer_forget_local(struct wg_peer *peer)
{
	const struct wg_path path = {.remote = peer->path.remote};

	(void)wg_peer_set_path(peer, &path);
}

void wg_peer_drop_handshake(struct wg_peer *peer)
{
	wg_index_table_remove(&peer->dev->indices, peer->initiator_index);
	peer->initiator_index = 0;
	key_wipe(&peer->initiator, sizeof(peer->initiator));
}

void wg_peer_zero_keys(struct wg_peer *peer)
{
	wg_peer_drop_handshake(peer);
	wg_keypairs_clear(&peer->keypairs, &peer->dev->indices);
	aead_forget(peer->dev->aead);
}

void wg_peer_forget_sessions(struct wg_peer *peer)
{
	wg_timers_forget(peer);
	wg_peer_zero_keys(peer);
	wg_staged_clear(&peer->staged, &peer->dev->staged_bytes);
}

void wg_peer_expire_sessions(struct wg_peer *peer)
{
	wg_peer_drop_handshake(peer);
	if (peer->keypairs.current)
		peer->keypairs.current->send_counter = WG_REJECT_AFTER_MESSAGES;
	if (peer->keypairs.next)
		peer->keypairs.next->send_counter = WG_REJECT_AFTER_MESSAGES;
}

uint32_t wg_peer_new_index(struct wg_peer *peer, enum index_kind kind, void *owner)
{
	enum {
		TRIES = 64 /* the table holds few of the 2^32 numbers */
	};
	struct wg_device *dev = peer->dev;

	for (int i = 0; i < TRIES; i++) {
		uint32_t index;
		int r;

		dev->ops->random(dev->user, &index, sizeof(index));
		r = wg_index_table_add(&dev->indices, index, kind, owner);
		if (r == 0)
			return index;
		if (r != -EEXIST)
			break;
	}
	return 0;
}
