/* SPDX-License-Identifier: Apache-2.0 */
/* Who starts, answers and finishes handshakes: noise.c does the cryptography, cookie.c the MACs,
 * this file the rules around them. The order of checks is from cheap to dear: length, index,
 * mac1, cookie when under load, rate of the source; only then Diffie-Hellman. */
#include <errno.h>

#include "base/mem.h"
#include "wg/peer.h"

enum {
	/* Beyond this many handshake messages in a second a device is under load, and for a second
	 * after; half a millisecond each, they would take a quarter of a slow core. */
	LOAD_PER_SECOND = 500,
};

#define LOAD_COST_NS  (LS_NS_PER_S / LOAD_PER_SECOND)
#define LOAD_DEPTH_NS LS_NS_PER_S
#define LOAD_LINGER   LS_NS_PER_S

void wg_peer_drop_handshake(struct wg_peer *peer)
{
	wg_index_table_remove(&peer->dev->indices, peer->initiator_index);
	peer->initiator_index = 0;
	key_wipe(&peer->initiator, sizeof(peer->initiator));
}

static struct wg_private_key new_ephemeral(struct wg_device *dev)
{
	struct wg_private_key key;

	wg_device_random(dev, key.b, sizeof(key.b));
	key_wg_clamp(&key);
	return key;
}

static struct tai64n next_timestamp(struct wg_peer *peer)
{
	struct wg_device *dev = peer->dev;
	struct tai64n t;
	uint64_t s;
	uint32_t ns;

	dev->ops->wall(dev->user, &s, &ns);
	t = wg_tai64n_of_unix(s, ns);
	return wg_tai64n_after(t, peer->last_sent) ? t : wg_tai64n_next(peer->last_sent);
}

static void send_handshake(struct wg_peer *peer, void *msg, size_t len, uint64_t now_ns)
{
	wg_cookie_add_macs(&peer->cookie, &peer->remote.public_key, msg, len, now_ns);
	wg_timers_any_authenticated(peer, now_ns);
	wg_timers_packet_sent(peer);
	wg_peer_send(peer, msg, len);
}

void wg_peer_initiate(struct wg_peer *peer, bool retry, uint64_t now_ns)
{
	struct wg_device *dev = peer->dev;
	struct wg_initiation msg = {.type = ls_le32_of(WG_MESSAGE_INITIATION)};
	struct wg_private_key ephemeral;
	struct tai64n timestamp;
	int r;

	if (!retry)
		peer->timers.attempt_since_ns = now_ns;
	if (!dev->identity.set || peer->endpoint.ip.family == LS_FAMILY_NONE) {
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
		peer->initiator_index = wg_device_new_index(dev, INDEX_HANDSHAKE, peer);
	if (peer->initiator_index == 0) {
		wg_peer_drop_handshake(peer);
		return;
	}
	peer->last_sent = timestamp;
	msg.sender = ls_le32_of(peer->initiator_index);
	send_handshake(peer, &msg, sizeof(msg), now_ns);
	wg_timers_handshake_initiated(peer, now_ns);
}

/* Counts one more handshake message. */
static bool under_load(struct wg_device *dev, uint64_t now_ns)
{
	if (dev->load_ns < now_ns)
		dev->load_ns = now_ns;
	if (dev->load_ns + LOAD_COST_NS - now_ns > LOAD_DEPTH_NS)
		dev->under_load_until_ns = now_ns + LOAD_LINGER;
	else
		dev->load_ns += LOAD_COST_NS;
	return now_ns < dev->under_load_until_ns;
}

static void send_cookie(struct wg_device *dev, const struct ls_endpoint *src,
                        const struct wg_macs *macs, struct ls_le32 sender)
{
	struct wg_cookie_reply reply;

	wg_device_random(dev, reply.nonce, sizeof(reply.nonce));
	wg_cookie_make_reply(&dev->checker, macs, ls_le32_get(sender), src, &reply);
	dev->ops->send(dev->user, src, (const uint8_t *)&reply, sizeof(reply));
}

/* Whether a handshake message is worth a Diffie-Hellman computation; answers with a cookie when it
 * must prove its source first. */
static bool admit(struct wg_device *dev, const struct ls_endpoint *src, const void *msg, size_t len,
                  struct ls_le32 sender, uint64_t now_ns)
{
	const struct wg_macs *macs = (const void *)((const uint8_t *)msg + len - sizeof(*macs));
	uint8_t random[COOKIE_SECRET_LEN];

	if (!wg_cookie_check_mac1(&dev->checker, msg, len))
		return false;
	if (!under_load(dev, now_ns))
		return true;
	if (wg_cookie_secret_is_old(&dev->checker, now_ns)) {
		wg_device_random(dev, random, sizeof(random));
		wg_cookie_set_secret(&dev->checker, random, now_ns);
		key_wipe(random, sizeof(random));
	}
	if (!wg_cookie_check_mac2(&dev->checker, msg, len, src)) {
		send_cookie(dev, src, macs, sender);
		return false;
	}
	if (!dev->ratelimit) {
		wg_device_random(dev, random, 16);
		dev->ratelimit = wg_ratelimit_new(random);
	}
	return wg_ratelimit_allow(dev->ratelimit, &src->ip, now_ns);
}

static void received(struct wg_peer *peer, const struct ls_endpoint *src, size_t len,
                     uint64_t now_ns)
{
	peer->rx_bytes += len;
	wg_peer_roam(peer, src);
	wg_timers_any_authenticated(peer, now_ns);
	wg_timers_packet_received(peer);
}

static struct keypair *new_session(struct wg_peer *peer, const struct noise_keys *keys,
                                   struct ls_le32 remote_index, uint64_t now_ns)
{
	struct keypair *keypair = ls_new(struct keypair);

	keypair->keys = *keys;
	keypair->born_ns = now_ns;
	keypair->remote_index = ls_le32_get(remote_index);
	keypair->peer = peer;
	return keypair;
}

/* Finishes a handshake that the other side started: answers, and keeps the session as the next. */
static void respond(struct wg_peer *peer, struct noise_responder *responder, struct ls_le32 sender,
                    uint64_t now_ns)
{
	struct wg_device *dev = peer->dev;
	struct wg_response msg = {.type = ls_le32_of(WG_MESSAGE_RESPONSE), .receiver = sender};
	struct wg_private_key ephemeral = new_ephemeral(dev);
	struct noise_keys keys;
	struct keypair *fresh = NULL;

	if (wg_noise_make_response(responder, &peer->remote, &ephemeral, &msg, &keys) < 0)
		goto out;
	fresh = new_session(peer, &keys, sender, now_ns);
	fresh->local_index = wg_device_new_index(dev, INDEX_KEYPAIR, fresh);
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

static void receive_initiation(struct wg_device *dev, const struct ls_endpoint *src,
                               const struct wg_initiation *msg, uint64_t now_ns)
{
	struct noise_responder responder;
	struct tai64n timestamp;
	struct wg_peer *peer;

	if (!admit(dev, src, msg, sizeof(*msg), msg->sender, now_ns) ||
	    wg_noise_read_initiation(&dev->identity, msg, &responder) < 0)
		return;
	peer = ls_map_get(dev->by_key, &responder.remote_static, sizeof(responder.remote_static));
	if (!peer || now_ns < peer->next_initiation_accepted_ns ||
	    wg_noise_read_timestamp(&dev->identity, &peer->remote, msg, &responder, &timestamp) <
	            0 ||
	    !wg_tai64n_after(timestamp, peer->last_received))
		goto out;
	peer->last_received = timestamp;
	peer->next_initiation_accepted_ns = now_ns + WG_INITIATION_INTERVAL_NS;
	received(peer, src, sizeof(*msg), now_ns);
	respond(peer, &responder, msg->sender, now_ns);
out:
	key_wipe(&responder, sizeof(responder));
}

static void receive_response(struct wg_device *dev, const struct ls_endpoint *src,
                             const struct wg_response *msg, uint64_t now_ns)
{
	struct index_entry *entry = wg_index_table_find(&dev->indices, ls_le32_get(msg->receiver));
	struct noise_keys keys;
	struct wg_peer *peer;
	struct keypair *fresh;

	if (!entry || entry->kind != INDEX_HANDSHAKE ||
	    !admit(dev, src, msg, sizeof(*msg), msg->sender, now_ns))
		return;
	peer = entry->owner;
	if (wg_noise_read_response(&dev->identity, &peer->remote, &peer->initiator, msg, &keys) < 0)
		return;
	fresh = new_session(peer, &keys, msg->sender, now_ns);
	key_wipe(&keys, sizeof(keys));
	fresh->initiator = true;
	fresh->local_index = peer->initiator_index;
	/* The session inherits the index of the handshake. */
	entry->kind = INDEX_KEYPAIR;
	entry->owner = fresh;
	peer->initiator_index = 0;
	wg_peer_drop_handshake(peer);
	wg_keypairs_add(&peer->keypairs, fresh, &dev->indices);
	wg_timers_session_derived(peer, now_ns);
	received(peer, src, sizeof(*msg), now_ns);
	wg_peer_session_ready(peer);
	/* The first packet, empty when there is no other, tells the responder that it may send. */
	wg_peer_send_keepalive(peer, now_ns);
}

/* Not authenticated beyond the cookie itself: changes nothing else, least of all the endpoint. */
static void receive_cookie(struct wg_device *dev, const struct wg_cookie_reply *msg,
                           uint64_t now_ns)
{
	const struct index_entry *entry =
	        wg_index_table_find(&dev->indices, ls_le32_get(msg->receiver));
	struct wg_peer *peer;

	if (!entry)
		return;
	peer = entry->kind == INDEX_HANDSHAKE ? entry->owner
	                                      : ((struct keypair *)entry->owner)->peer;
	(void)wg_cookie_take_reply(&peer->cookie, &peer->remote.public_key, msg, now_ns);
}

void wg_handshake_receive(struct wg_device *dev, const struct ls_endpoint *src, const uint8_t *data,
                          size_t len, uint64_t now_ns)
{
	struct ls_le32 type;

	if (len < sizeof(type) || !dev->identity.set)
		return;
	memcpy(type.b, data, sizeof(type.b));
	switch (ls_le32_get(type)) {
	case WG_MESSAGE_INITIATION:
		if (len == sizeof(struct wg_initiation))
			receive_initiation(dev, src, (const void *)data, now_ns);
		break;
	case WG_MESSAGE_RESPONSE:
		if (len == sizeof(struct wg_response))
			receive_response(dev, src, (const void *)data, now_ns);
		break;
	case WG_MESSAGE_COOKIE:
		if (len == sizeof(struct wg_cookie_reply))
			receive_cookie(dev, (const void *)data, now_ns);
		break;
	}
}
