/* SPDX-License-Identifier: Apache-2.0 */
/* Datagrams from the network. Data packets of one session that follow each other are one run: the
 * session is looked up once, and timers, counters and the endpoint are touched once behind it. */
#include <errno.h>

#include "wg/inner.h"
#include "wg/peer.h"

struct run {
	struct keypair *keypair;
	size_t bytes;  /* of authenticated datagrams */
	bool any;      /* one was authentic and new */
	bool any_data; /* and one of those was not empty */
};

static bool is_data(const struct wg_open *datagram)
{
	const struct wg_data_header *header = (const void *)datagram->data;

	return datagram->len >= WG_DATA_OVERHEAD && ls_le32_get(header->type) == WG_MESSAGE_DATA;
}

static uint32_t receiver_of(const struct wg_open *datagram)
{
	const struct wg_data_header *header = (const void *)datagram->data;

	return ls_le32_get(header->receiver);
}

/* The length of the packet without padding, if its source address is one that the peer may use;
 * else 0. */
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

static void open_one(struct run *run, struct aead *aead, struct wg_open *datagram)
{
	struct wg_peer *peer = run->keypair->peer;
	uint8_t *packet = datagram->data + WG_DATA_HEADER;
	size_t len = datagram->len - WG_DATA_OVERHEAD;

	if (wg_keypair_open(run->keypair, aead, datagram->data, datagram->len) < 0)
		return;
	run->any = true;
	run->bytes += datagram->len;
	if (len == 0)
		return;
	run->any_data = true;
	datagram->packet_len = check_inner(peer, packet, len);
	if (datagram->packet_len == 0)
		return;
	datagram->packet = packet;
	datagram->peer = peer;
}

static void finish_run(struct run *run, const struct ls_endpoint *src, uint64_t now_ns)
{
	struct wg_peer *peer = run->keypair->peer;
	bool confirmed;

	if (!run->any)
		return;
	peer->rx_bytes += run->bytes;
	wg_peer_roam(peer, src);
	confirmed = wg_keypairs_confirm(&peer->keypairs, run->keypair, &peer->dev->indices);
	wg_timers_packet_received(peer);
	wg_timers_any_authenticated(peer, now_ns);
	if (run->any_data)
		wg_timers_data_received(peer, now_ns);
	if (confirmed) {
		wg_peer_session_ready(peer);
		wg_peer_flush_staged(peer, now_ns);
	}
	wg_timers_session_received(peer, now_ns);
}

/* Opens the data packets at the front that share a session; returns how many they are. */
static size_t open_run(struct wg_device *dev, const struct ls_endpoint *src,
                       struct wg_open *datagrams, size_t n, uint64_t now_ns)
{
	uint32_t receiver = receiver_of(&datagrams[0]);
	const struct index_entry *entry = wg_index_table_find(&dev->indices, receiver);
	struct run run = {0};
	size_t i = 0;

	if (entry && entry->kind == INDEX_KEYPAIR && wg_keypair_can_receive(entry->owner, now_ns))
		run.keypair = entry->owner;
	do {
		if (run.keypair)
			open_one(&run, dev->aead, &datagrams[i]);
		i++;
	} while (i < n && is_data(&datagrams[i]) && receiver_of(&datagrams[i]) == receiver);
	if (run.keypair)
		finish_run(&run, src, now_ns);
	return i;
}

void wg_device_open(struct wg_device *dev, const struct ls_endpoint *src, struct wg_open *datagrams,
                    size_t n, uint64_t now_ns)
{
	for (size_t i = 0; i < n; i++) {
		datagrams[i].packet = NULL;
		datagrams[i].packet_len = 0;
		datagrams[i].peer = NULL;
	}
	for (size_t i = 0; i < n;) {
		if (is_data(&datagrams[i])) {
			i += open_run(dev, src, datagrams + i, n - i, now_ns);
		} else {
			wg_handshake_receive(dev, src, datagrams[i].data, datagrams[i].len, now_ns);
			i++;
		}
	}
}
