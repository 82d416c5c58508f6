/* SPDX-License-Identifier: Apache-2.0 */
/* Handshake messages: noise.c does the cryptography, cookie.c the MACs, this file applies the rules
 * around them. Cheap checks come before expensive ones: length, index, mac1, under load the cookie
 * and the rate of the source; only then Diffie-Hellman.
 *
 * Consecutive data messages of one session form a run: the session is looked up once for the run,
 * and timers, counters and the endpoint are updated once after it. */
#include "wg/receive.h"

#include <assert.h>

#include "wg/engine.h"
#include "wg/inner.h"
#include "wg/peer.h"
#include "wg/send.h"
#include "wg/timers.h"

enum {
	/* With more handshake messages per second than this, the device is under load, until one
	 * second after the last excess. A message costs half a millisecond: 500 take a quarter of a
	 * slow core. */
	LOAD_PER_SECOND = 500,
};

#define LOAD_COST_NS  (LS_NS_PER_S / LOAD_PER_SECOND)
#define LOAD_DEPTH_NS LS_NS_PER_S
#define LOAD_LINGER   LS_NS_PER_S

/* 165 s: at 120 s an initiator that sends has already renewed the session; at 180 s it ends, and
 * until then there is time for a handshake and a keepalive. */
#define LAST_MINUTE_NS (WG_REJECT_AFTER_TIME_NS - WG_KEEPALIVE_TIMEOUT_NS - WG_REKEY_TIMEOUT_NS)

static void report_change(const struct wg_peer *peer)
{
	const struct wg_device *dev = peer->dev;

	if (dev->ops->peer_changed)
		dev->ops->peer_changed(dev->user, &peer->remote.public_key);
}

/* Datagrams of `bytes` bytes in all came on `path` and were authentic: it is now the peer's path.
 */
static void authenticated(struct wg_peer *peer, const struct wg_path *path, size_t bytes,
                          uint64_t now_ns)
{
	peer->rx_bytes += bytes;
	if (wg_peer_set_path(peer, path))
		report_change(peer);
	wg_timers_packet_received(peer, now_ns);
}

/* A session can be used in both directions from now on. */
static void session_ready(struct wg_peer *peer)
{
	struct wg_device *dev = peer->dev;

	wg_timers_handshake_complete(peer);
	dev->ops->wall(dev->user, &peer->last_handshake_s, &peer->last_handshake_ns);
	report_change(peer);
}

/* --- handshake messages --- */

/* Counts one handshake message. True when the device is under load. */
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

/* True when a handshake message is worth a Diffie-Hellman computation. Answers with a cookie when
 * the sender must prove its address first. */
static bool admit(struct wg_device *dev, const struct wg_path *path, const void *msg, size_t len,
                  struct ls_le32 sender, uint64_t now_ns)
{
	const struct wg_macs *macs = (const void *)((const uint8_t *)msg + len - sizeof(*macs));
	uint8_t random[COOKIE_SECRET_LEN];

	if (!wg_cookie_check_mac1(&dev->checker, msg, len))
		return false;
	if (!under_load(dev, now_ns))
		return true;
	if (wg_cookie_secret_is_old(&dev->checker, now_ns)) {
		dev->ops->random(dev->user, random, sizeof(random));
		wg_cookie_set_secret(&dev->checker, random, now_ns);
		key_wipe(random, sizeof(random));
	}
	if (!wg_cookie_check_mac2(&dev->checker, msg, len, &path->remote)) {
		wg_send_cookie(dev, path, macs, ls_le32_get(sender));
		return false;
	}
	if (!dev->ratelimit) {
		dev->ops->random(dev->user, random, 16);
		dev->ratelimit = wg_ratelimit_new(random);
	}
	return wg_ratelimit_allow(dev->ratelimit, &path->remote.ip, now_ns);
}

static void receive_initiation(struct wg_device *dev, const struct wg_path *path,
                               const struct wg_initiation *msg, uint64_t now_ns)
{
	struct noise_responder responder;
	struct tai64n timestamp;
	struct wg_peer *peer;

	if (!admit(dev, path, msg, sizeof(*msg), msg->sender, now_ns) ||
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
	authenticated(peer, path, sizeof(*msg), now_ns);
	wg_send_response(peer, &responder, ls_le32_get(msg->sender), now_ns);
out:
	key_wipe(&responder, sizeof(responder));
}

static void receive_response(struct wg_device *dev, const struct wg_path *path,
                             const struct wg_response *msg, uint64_t now_ns)
{
	struct index_entry *entry = wg_index_table_find(&dev->indices, ls_le32_get(msg->receiver));
	struct noise_keys keys;
	struct wg_peer *peer;
	struct keypair *fresh;

	if (!entry || entry->kind != INDEX_HANDSHAKE ||
	    !admit(dev, path, msg, sizeof(*msg), msg->sender, now_ns))
		return;
	peer = entry->owner;
	assert(peer->initiator_index == entry->index);
	if (wg_noise_read_response(&dev->identity, &peer->remote, &peer->initiator, msg, &keys) < 0)
		return;
	fresh = wg_keypair_new(peer, &keys, ls_le32_get(msg->sender), now_ns);
	key_wipe(&keys, sizeof(keys));
	fresh->initiator = true;
	fresh->local_index = peer->initiator_index;
	/* The session takes over the index of the handshake. */
	entry->kind = INDEX_KEYPAIR;
	entry->owner = fresh;
	peer->initiator_index = 0;
	wg_peer_drop_handshake(peer);
	wg_keypairs_add(&peer->keypairs, fresh, &dev->indices);
	wg_timers_session_derived(peer, now_ns);
	authenticated(peer, path, sizeof(*msg), now_ns);
	session_ready(peer);
	/* The first packet, empty when none is staged, tells the responder that it may send. */
	wg_send_keepalive(peer, now_ns);
}

/* A cookie reply proves nothing about its sender: it changes only the cookie, not the endpoint. */
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

/* Any message that is not a data message, of any length and content. */
static void receive_handshake(struct wg_device *dev, const struct wg_path *path,
                              const uint8_t *data, size_t len, uint64_t now_ns)
{
	struct ls_le32 type;

	if (len < sizeof(type) || !dev->identity.set)
		return;
	memcpy(type.b, data, sizeof(type.b));
	switch (ls_le32_get(type)) {
	case WG_MESSAGE_INITIATION:
		if (len == sizeof(struct wg_initiation))
			receive_initiation(dev, path, (const void *)data, now_ns);
		break;
	case WG_MESSAGE_RESPONSE:
		if (len == sizeof(struct wg_response))
			receive_response(dev, path, (const void *)data, now_ns);
		break;
	case WG_MESSAGE_COOKIE:
		if (len == sizeof(struct wg_cookie_reply))
			receive_cookie(dev, (const void *)data, now_ns);
		break;
	}
}

/* --- data messages --- */

/* The header of a data message; NULL when the datagram is something else. */
static const struct wg_data_header *data_header(const struct wg_open *datagram)
{
	const struct wg_data_header *header = (const void *)datagram->data;

	if (datagram->len < WG_DATA_OVERHEAD || ls_le32_get(header->type) != WG_MESSAGE_DATA)
		return NULL;
	return header;
}

/* The length of the packet without padding; 0 when the packet is malformed or the peer may not use
 * its source address. */
static size_t check_inner(const struct wg_peer *peer, const uint8_t *packet, size_t len)
{
	const struct allowedips_owner *owner;
	size_t inner_len;

	if (inner_is_v4(packet, len)) {
		inner_len = inner_v4_len(packet);
		if (inner_len < INNER_V4_HEADER || inner_len > len)
			return 0;
		owner = wg_allowedips_find_v4(&peer->dev->allowed, packet + INNER_V4_SRC);
	} else if (inner_is_v6(packet, len)) {
		inner_len = inner_v6_len(packet);
		if (inner_len > len)
			return 0;
		owner = wg_allowedips_find_v6(&peer->dev->allowed, packet + INNER_V6_SRC);
	} else {
		return 0;
	}
	return owner == &peer->allowed ? inner_len : 0;
}

/* Updates the peer after a run in which its session authenticated `bytes` bytes; `data`: not only
 * keepalives. */
static void finish_run(struct keypair *keypair, const struct wg_path *path, size_t bytes, bool data,
                       uint64_t now_ns)
{
	struct wg_peer *peer = keypair->peer;
	bool confirmed = wg_keypairs_confirm(&peer->keypairs, keypair, &peer->dev->indices);
	const struct keypair *current = peer->keypairs.current;

	authenticated(peer, path, bytes, now_ns);
	if (data)
		wg_timers_data_received(peer, now_ns);
	if (confirmed) {
		session_ready(peer);
		wg_send_staged(peer, now_ns);
	}
	if (!peer->timers.last_minute_sent && current && current->initiator &&
	    wg_keypair_age_ns(current, now_ns) >= LAST_MINUTE_NS) {
		peer->timers.last_minute_sent = true;
		wg_send_initiation(peer, false, now_ns);
	}
}

/* Decrypts the data messages at the front of `datagrams` that name the session `receiver`; the
 * first one does. Returns how many there were. */
static size_t receive_run(struct wg_device *dev, const struct wg_path *path,
                          struct wg_open *datagrams, size_t n, uint32_t receiver, uint64_t now_ns)
{
	const struct index_entry *entry = wg_index_table_find(&dev->indices, receiver);
	const struct wg_data_header *header;
	struct keypair *keypair = NULL;
	size_t bytes = 0, i = 0;
	bool data = false;

	if (entry && entry->kind == INDEX_KEYPAIR && wg_keypair_can_receive(entry->owner, now_ns))
		keypair = entry->owner;
	assert(!keypair || keypair->local_index == receiver);
	do {
		struct wg_open *d = &datagrams[i++];

		if (!keypair || wg_keypair_open(keypair, dev->aead, d->data, d->len) < 0)
			continue;
		bytes += d->len;
		if (d->len == WG_DATA_OVERHEAD)
			continue; /* a keepalive */
		data = true;
		d->packet_len = check_inner(keypair->peer, d->data + WG_DATA_HEADER,
		                            d->len - WG_DATA_OVERHEAD);
		if (d->packet_len == 0)
			continue;
		d->packet = d->data + WG_DATA_HEADER;
		d->peer = keypair->peer;
	} while (i < n && (header = data_header(&datagrams[i])) &&
	         ls_le32_get(header->receiver) == receiver);
	if (bytes > 0)
		finish_run(keypair, path, bytes, data, now_ns);
	return i;
}

void wg_device_open(struct wg_device *dev, const struct wg_path *path, struct wg_open *datagrams,
                    size_t n, uint64_t now_ns)
{
	const struct wg_data_header *header;

	for (size_t i = 0; i < n; i++)
		datagrams[i].packet = NULL;
	for (size_t i = 0; i < n;) {
		header = data_header(&datagrams[i]);
		if (header) {
			i += receive_run(dev, path, datagrams + i, n - i,
			                 ls_le32_get(header->receiver), now_ns);
		} else {
			receive_handshake(dev, path, datagrams[i].data, datagrams[i].len, now_ns);
			i++;
		}
	}
}
