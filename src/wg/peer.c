/* SPDX-License-Identifier: Apache-2.0 */
#include "wg/peer.h"

#include <errno.h>
#include <stdlib.h>

#include "base/mem.h"

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
	key_wipe(peer, sizeof(*peer));
	free(peer);
}

void wg_peer_forget_sessions(struct wg_peer *peer)
{
	struct wg_device *dev = peer->dev;

	wg_timers_forget(peer);
	wg_peer_drop_handshake(peer);
	wg_keypairs_clear(&peer->keypairs, &dev->indices);
	wg_staged_clear(&peer->staged, &dev->staged_bytes);
	aead_forget(dev->aead);
}

void wg_peer_expire_sessions(struct wg_peer *peer)
{
	wg_peer_drop_handshake(peer);
	if (peer->keypairs.current)
		peer->keypairs.current->send_counter = WG_REJECT_AFTER_MESSAGES;
	if (peer->keypairs.next)
		peer->keypairs.next->send_counter = WG_REJECT_AFTER_MESSAGES;
}

void wg_peer_roam(struct wg_peer *peer, const struct ls_endpoint *src)
{
	if (ls_endpoint_equal(&peer->endpoint, src))
		return;
	peer->endpoint = *src;
	wg_device_peer_changed(peer->dev, peer);
}

void wg_peer_send(struct wg_peer *peer, const void *data, size_t len)
{
	peer->tx_bytes += len;
	peer->dev->ops->send(peer->dev->user, &peer->endpoint, data, len);
}

static bool has_endpoint(const struct wg_peer *peer)
{
	return peer->endpoint.ip.family != LS_FAMILY_NONE;
}

static bool has_session(const struct wg_peer *peer, size_t n, uint64_t now_ns)
{
	return peer->keypairs.current && wg_keypair_can_send(peer->keypairs.current, n, now_ns);
}

/* Needs a session. */
static size_t seal_batch(struct wg_peer *peer, struct wg_seal *packets, size_t n, bool data,
                         uint64_t now_ns)
{
	struct wg_device *dev = peer->dev;
	size_t bytes = 0;

	for (size_t i = 0; i < n; i++) {
		packets[i].sealed_len = wg_keypair_seal(peer->keypairs.current, dev->aead,
		                                        packets[i].data, packets[i].len, dev->mtu);
		bytes += packets[i].sealed_len;
	}
	wg_timers_any_authenticated(peer, now_ns);
	wg_timers_packet_sent(peer);
	if (data)
		wg_timers_data_sent(peer, now_ns);
	wg_timers_session_sent(peer, now_ns);
	return bytes;
}

void wg_peer_flush_staged(struct wg_peer *peer, uint64_t now_ns)
{
	struct staged_packet *p;

	if (!peer->staged.head)
		return;
	if (!has_endpoint(peer) || !has_session(peer, peer->staged.count, now_ns)) {
		wg_peer_initiate(peer, false, now_ns);
		return;
	}
	while ((p = wg_staged_pop(&peer->staged, &peer->dev->staged_bytes))) {
		struct wg_seal one = {.data = p->data, .len = p->len};

		(void)seal_batch(peer, &one, 1, true, now_ns);
		wg_peer_send(peer, one.data, one.sealed_len);
		free(p);
	}
}

void wg_peer_send_keepalive(struct wg_peer *peer, uint64_t now_ns)
{
	uint8_t datagram[WG_DATA_OVERHEAD];
	struct wg_seal one = {.data = datagram};

	if (peer->staged.head) {
		wg_peer_flush_staged(peer, now_ns);
		return;
	}
	if (!has_endpoint(peer))
		return;
	if (!has_session(peer, 1, now_ns)) {
		wg_peer_initiate(peer, false, now_ns);
		return;
	}
	(void)seal_batch(peer, &one, 1, false, now_ns);
	wg_peer_send(peer, one.data, one.sealed_len);
}

void wg_peer_session_ready(struct wg_peer *peer)
{
	struct wg_device *dev = peer->dev;

	wg_timers_handshake_complete(peer);
	dev->ops->wall(dev->user, &peer->last_handshake_s, &peer->last_handshake_ns);
	wg_device_peer_changed(dev, peer);
}

int wg_peer_seal(struct wg_peer *peer, struct wg_seal *packets, size_t n, uint64_t now_ns,
                 struct ls_endpoint *ret_dst)
{
	if (!has_endpoint(peer))
		return -EDESTADDRREQ;
	if (!has_session(peer, n, now_ns)) {
		wg_peer_initiate(peer, false, now_ns);
		return -ENOKEY;
	}
	peer->tx_bytes += seal_batch(peer, packets, n, true, now_ns);
	*ret_dst = peer->endpoint;
	return 0;
}

void wg_peer_stage(struct wg_peer *peer, const uint8_t *packet, size_t len, uint64_t now_ns)
{
	wg_staged_push(&peer->staged, &peer->dev->staged_bytes, packet, len);
	wg_peer_flush_staged(peer, now_ns);
}
