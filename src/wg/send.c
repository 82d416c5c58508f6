/* SPDX-License-Identifier: Apache-2.0 */
#include "wg/send.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include "wg/engine.h"
#include "wg/peer.h"
#include "wg/timers.h"

static enum wg_route ask_route(struct wg_device *dev, const struct wg_path *path)
{
	return dev->ops->route ? dev->ops->route(dev->user, path) : WG_ROUTE_FROM_LOCAL;
}

/* 0 when datagrams can be sent to the peer, else the error of wg_peer_seal. */
static int check_path(struct wg_peer *peer)
{
	struct wg_device *dev = peer->dev;

	if (peer->path.remote.ip.family == LS_FAMILY_NONE)
		return -EDESTADDRREQ;
	if (peer->route_epoch != dev->route_epoch) {
		peer->route = ask_route(dev, &peer->path);
		peer->route_epoch = dev->route_epoch;
	}
	return peer->route == WG_ROUTE_INTO_TUNNEL ? -ELOOP : 0;
}

/* The path on which to send; check_path has returned 0. */
static struct wg_path path_of(const struct wg_peer *peer)
{
	struct wg_path path = peer->path;

	assert(peer->route != WG_ROUTE_INTO_TUNNEL);
	if (peer->route == WG_ROUTE_FROM_ANY)
		path.local = (struct ls_ip){.family = LS_FAMILY_NONE};
	return path;
}

/* Sends a datagram that is not part of a batch of the data plane. */
static void send_datagram(struct wg_peer *peer, void *data, size_t len)
{
	const struct wg_path path = path_of(peer);

	peer->tx_bytes += len;
	peer->dev->ops->send(peer->dev->user, &path, data, len);
}

static void send_handshake(struct wg_peer *peer, void *msg, size_t len, uint64_t now_ns)
{
	wg_cookie_add_macs(&peer->cookie, &peer->remote.public_key, msg, len, now_ns);
	wg_timers_packet_sent(peer, now_ns);
	send_datagram(peer, msg, len);
}

static struct wg_private_key new_ephemeral(struct wg_device *dev)
{
	struct wg_private_key key;

	dev->ops->random(dev->user, key.b, sizeof(key.b));
	key_wg_clamp(&key);
	return key;
}

/* The current time, or the last timestamp sent plus one step when the clock has not moved beyond
 * that. */
static struct tai64n next_timestamp(struct wg_peer *peer)
{
	struct wg_device *dev = peer->dev;
	struct tai64n t;
	uint64_t s;
	uint32_t ns;

	if (dev->ops->stamp)
		dev->ops->stamp(dev->user, &s, &ns);
	else
		dev->ops->wall(dev->user, &s, &ns);
	t = wg_tai64n_of_unix(s, ns);
	return wg_tai64n_after(t, peer->last_sent) ? t : wg_tai64n_next(peer->last_sent);
}

void wg_send_initiation(struct wg_peer *peer, bool retry, uint64_t now_ns)
{
	struct wg_device *dev = peer->dev;
	struct wg_initiation msg = {.type = ls_le32_of(WG_MESSAGE_INITIATION)};
	struct wg_private_key ephemeral;
	struct tai64n timestamp;
	int r;

	if (!retry)
		peer->timers.attempt_since_ns = now_ns;
	if (!dev->identity.set || check_path(peer) < 0) {
		if (peer->staged.head)
			wg_timers_handshake_postponed(peer, now_ns);
		return;
	}
	if (now_ns < peer->timers.next_initiation_ns) {
		wg_timers_handshake_postponed(peer, now_ns);
		return;
	}
	wg_peer_drop_handshake(peer);
	ephemeral = new_ephemeral(dev);
	timestamp = next_timestamp(peer);
	r = wg_noise_make_initiation(&dev->identity, &peer->remote, &ephemeral, timestamp,
	                             &peer->initiator, &msg);
	key_wipe(&ephemeral, sizeof(ephemeral));
	if (r == 0)
		peer->initiator_index = wg_peer_new_index(peer, INDEX_HANDSHAKE, peer);
	if (peer->initiator_index == 0) {
		wg_peer_drop_handshake(peer);
		return;
	}
	peer->last_sent = timestamp;
	msg.sender = ls_le32_of(peer->initiator_index);
	send_handshake(peer, &msg, sizeof(msg), now_ns);
	wg_timers_handshake_initiated(peer, now_ns);
}

void wg_send_response(struct wg_peer *peer, struct noise_responder *responder, uint32_t receiver,
                      uint64_t now_ns)
{
	struct wg_device *dev = peer->dev;
	struct wg_response msg = {.type = ls_le32_of(WG_MESSAGE_RESPONSE),
	                          .receiver = ls_le32_of(receiver)};
	struct wg_private_key ephemeral = new_ephemeral(dev);
	struct noise_keys keys;
	struct keypair *fresh = NULL;

	if (check_path(peer) < 0 ||
	    wg_noise_make_response(responder, &peer->remote, &ephemeral, &msg, &keys) < 0)
		goto out;
	fresh = wg_keypair_new(peer, &keys, receiver, now_ns);
	fresh->local_index = wg_peer_new_index(peer, INDEX_KEYPAIR, fresh);
	if (fresh->local_index == 0) {
		wg_keypair_free(fresh, &dev->indices);
		goto out;
	}
	msg.sender = ls_le32_of(fresh->local_index);
	wg_keypairs_add(&peer->keypairs, fresh, &dev->indices);
	wg_timers_session_derived(peer, now_ns);
	peer->timers.next_initiation_ns = now_ns + WG_REKEY_TIMEOUT_NS;
	send_handshake(peer, &msg, sizeof(msg), now_ns);
out:
	key_wipe(&ephemeral, sizeof(ephemeral));
	key_wipe(&keys, sizeof(keys));
}

/* True when a peer owns the address, so that its route may lead into this tunnel. */
static bool is_inside(const struct wg_device *dev, const struct ls_ip *ip)
{
	return ip->family == LS_FAMILY_V4 ? wg_allowedips_find_v4(&dev->allowed, ip->b) != NULL
	                                  : wg_allowedips_find_v6(&dev->allowed, ip->b) != NULL;
}

void wg_send_cookie(struct wg_device *dev, const struct wg_path *path, const struct wg_macs *macs,
                    uint32_t receiver)
{
	struct wg_cookie_reply reply;

	/* The sender's address may be forged, and nothing remembers this path: ask only if needed.
	 */
	if (is_inside(dev, &path->remote.ip) && ask_route(dev, path) == WG_ROUTE_INTO_TUNNEL)
		return;
	dev->ops->random(dev->user, reply.nonce, sizeof(reply.nonce));
	wg_cookie_make_reply(&dev->checker, macs, receiver, &path->remote, &reply);
	dev->ops->send(dev->user, path, (uint8_t *)&reply, sizeof(reply));
}

static bool has_session(const struct wg_peer *peer, size_t n, uint64_t now_ns)
{
	return peer->keypairs.current && wg_keypair_can_send(peer->keypairs.current, n, now_ns);
}

/* Encrypts packets with the current session, which must exist; starts a new handshake when it is
 * time. Returns the length of all datagrams. */
static size_t seal(struct wg_peer *peer, struct wg_seal *packets, size_t n, bool data,
                   uint64_t now_ns)
{
	struct keypair *current = peer->keypairs.current;
	struct wg_device *dev = peer->dev;
	size_t bytes = 0;

	for (size_t i = 0; i < n; i++) {
		packets[i].sealed_len = wg_keypair_seal(current, dev->aead, packets[i].data,
		                                        packets[i].len, dev->mtu);
		bytes += packets[i].sealed_len;
	}
	dev->sent_to[current->remote_index % WG_SENT_TO] = current->remote_index;
	wg_timers_packet_sent(peer, now_ns);
	if (data)
		wg_timers_data_sent(peer, now_ns);
	if (wg_keypair_wants_rekey(current, now_ns))
		wg_send_initiation(peer, false, now_ns);
	return bytes;
}

void wg_send_staged(struct wg_peer *peer, uint64_t now_ns)
{
	struct staged_packet *p;

	if (!peer->staged.head)
		return;
	if (check_path(peer) < 0 || !has_session(peer, peer->staged.count, now_ns)) {
		wg_send_initiation(peer, false, now_ns);
		return;
	}
	while ((p = wg_staged_pop(&peer->staged, &peer->dev->staged_bytes))) {
		struct wg_seal one = {.data = p->data, .len = p->len};

		(void)seal(peer, &one, 1, true, now_ns);
		send_datagram(peer, one.data, one.sealed_len);
		free(p);
	}
}

void wg_send_keepalive(struct wg_peer *peer, uint64_t now_ns)
{
	uint8_t datagram[WG_DATA_OVERHEAD];
	struct wg_seal one = {.data = datagram};

	if (peer->staged.head) {
		wg_send_staged(peer, now_ns);
		return;
	}
	if (check_path(peer) < 0)
		return;
	if (!has_session(peer, 1, now_ns)) {
		wg_send_initiation(peer, false, now_ns);
		return;
	}
	(void)seal(peer, &one, 1, false, now_ns);
	send_datagram(peer, one.data, one.sealed_len);
}

int wg_peer_seal(struct wg_peer *peer, struct wg_seal *packets, size_t n, uint64_t now_ns,
                 struct wg_path *ret_path)
{
	int r = check_path(peer);

	if (r < 0)
		return r;
	if (!has_session(peer, n, now_ns)) {
		wg_send_initiation(peer, false, now_ns);
		return -ENOKEY;
	}
	peer->tx_bytes += seal(peer, packets, n, true, now_ns);
	*ret_path = path_of(peer);
	return 0;
}

bool wg_peer_is_over_v6(const struct wg_peer *peer)
{
	return peer->path.remote.ip.family == LS_FAMILY_V6;
}

uint64_t wg_peer_heard(const struct wg_peer *peer)
{
	return peer->rx_bytes;
}

void wg_peer_ask(struct wg_peer *peer, uint64_t now_ns)
{
	wg_send_initiation(peer, false, now_ns);
}

void wg_peer_stage(struct wg_peer *peer, const uint8_t *packet, size_t len, uint64_t now_ns)
{
	wg_staged_push(&peer->staged, &peer->dev->staged_bytes, packet, len);
	wg_send_staged(peer, now_ns);
}

bool wg_device_made(const struct wg_device *dev, const uint8_t *datagram, size_t len)
{
	const struct wg_data_header *header = (const void *)datagram;
	uint32_t type, index;

	if (len < sizeof(*header))
		return false;
	type = ls_le32_get(header->type);
	index = ls_le32_get(header->receiver);
	/* In a handshake message, the sender's index is at this place. */
	if (type == WG_MESSAGE_INITIATION || type == WG_MESSAGE_RESPONSE)
		return wg_index_table_find(&dev->indices, index) != NULL;
	return type == WG_MESSAGE_DATA && dev->sent_to[index % WG_SENT_TO] == index;
}
