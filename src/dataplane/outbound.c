/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/outbound.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "dataplane/gso_split.h"
#include "dataplane/icmp.h"
#include "dataplane/packet.h"
#include "wg/messages.h"
#include "wg/send.h"

enum {
	SUPER_MAX = 65536,      /* bytes of one read */
	ARENA = 160 << 10,      /* two full super-packets, sealed */
	ARENA_FLUSH = 48 << 10, /* a batch this large is sent before the next read */
	BATCH = 128,            /* packets */
	ROUND_BATCHES = 4,      /* before the other direction gets its turn */
	SEAL_ROOM = WG_DATA_OVERHEAD + WG_PADDING,
};

struct outbound_packet {
	struct wg_peer *peer; /* NULL once it is dealt with */
	uint8_t *data;        /* at the data header */
	uint32_t len;         /* of the plaintext */
	uint8_t ecn;
};

struct outbound {
	struct outbound_packet packets[BATCH];
	size_t count;
	size_t used; /* of the arena */

	/* Of one flush: */
	struct wg_seal seals[BATCH];
	uint8_t ecns[BATCH];
	struct iovec iov[BATCH];
	size_t iov_count;
	struct udp_train trains[BATCH];
	size_t train_count;
	struct ls_endpoint destinations[BATCH];
	size_t destination_count;

	struct udp_sender *sender;
	struct ls_ratelimit icmp_limit;
	uint8_t arena[ARENA];
	uint8_t super[SUPER_MAX];
};

struct outbound *dp_outbound_new(void)
{
	struct outbound *out = ls_try_array(1, sizeof(*out));

	if (!out)
		return NULL;
	out->icmp_limit = (struct ls_ratelimit)LS_RATELIMIT_INIT(20, 50 * LS_NS_PER_MS);
	out->sender = dp_udp_sender_new();
	if (!out->sender) {
		free(out);
		return NULL;
	}
	return out;
}

void dp_outbound_free(struct outbound *out)
{
	if (!out)
		return;
	dp_udp_sender_free(out->sender);
	free(out);
}

static void answer_unreachable(struct outbound *out, const struct outbound_context *context,
                               const uint8_t *packet, size_t len)
{
	struct virtio_net_hdr hdr = {0};
	uint8_t answer[ICMP_ANSWER_MAX];
	struct iovec iov[2];
	size_t n = dp_icmp_unreachable(packet, len, answer);

	if (n == 0 || !ls_ratelimit_pass(&out->icmp_limit, context->now_ns))
		return;
	iov[1] = (struct iovec){answer, n};
	if (dp_tun_write(context->tun, &hdr, iov, 2) < 0)
		ls_debug("tun.answer_lost", "interface=%s", context->tun->name);
}

/* Whether the datagram may join the latest train. */
static bool train_takes(const struct udp_train *train, size_t len, uint8_t ecn)
{
	return train->len == (size_t)train->size * train->count && len <= train->size &&
	       train->ecn == ecn && train->count < UDP_TRAIN_MAX &&
	       train->len + len <= UDP_TRAIN_LEN_MAX;
}

/* Appends a datagram to the train that is being built; the arena's order mostly makes it part of
 * the piece before. */
static void extend_train(struct outbound *out, struct udp_train *train, const struct wg_seal *seal)
{
	struct iovec *last = train->iov_count > 0 ? &train->iov[train->iov_count - 1] : NULL;

	if (last && (uint8_t *)last->iov_base + last->iov_len == seal->data) {
		last->iov_len += seal->sealed_len;
	} else {
		out->iov[out->iov_count++] = (struct iovec){seal->data, seal->sealed_len};
		train->iov_count++;
	}
	train->count++;
	train->len += seal->sealed_len;
}

/* Makes trains of n sealed packets for one destination. */
static void build_trains(struct outbound *out, const struct outbound_context *context, size_t n,
                         const struct ls_endpoint *dst)
{
	bool can_train = dp_udp_can_train(context->udp, dst, context->now_ns);
	struct udp_train *train = NULL;

	for (size_t i = 0; i < n; i++) {
		const struct wg_seal *seal = &out->seals[i];

		if (!train || !can_train || !train_takes(train, seal->sealed_len, out->ecns[i])) {
			train = &out->trains[out->train_count++];
			*train = (struct udp_train){.dst = dst,
			                            .iov = &out->iov[out->iov_count],
			                            .size = (uint16_t)seal->sealed_len,
			                            .ecn = out->ecns[i]};
		}
		extend_train(out, train, seal);
	}
}

/* Takes all packets of one peer out of the batch, in order, into `seals`. */
static size_t gather(struct outbound *out, size_t first)
{
	const struct wg_peer *peer = out->packets[first].peer;
	size_t n = 0;

	for (size_t i = first; i < out->count; i++) {
		struct outbound_packet *packet = &out->packets[i];

		if (packet->peer != peer)
			continue;
		out->seals[n] = (struct wg_seal){.data = packet->data, .len = packet->len};
		out->ecns[n++] = packet->ecn;
		packet->peer = NULL;
	}
	return n;
}

static void seal_for_peer(struct outbound *out, const struct outbound_context *context,
                          struct wg_peer *peer, size_t n)
{
	struct ls_endpoint *dst = &out->destinations[out->destination_count];
	int r = wg_peer_seal(peer, out->seals, n, context->now_ns, dst);

	if (r == 0) {
		out->destination_count++;
		build_trains(out, context, n, dst);
		return;
	}
	for (size_t i = 0; i < n; i++) {
		const uint8_t *packet = out->seals[i].data + WG_DATA_HEADER;

		if (r == -EDESTADDRREQ)
			answer_unreachable(out, context, packet, out->seals[i].len);
		else
			wg_peer_stage(peer, packet, out->seals[i].len, context->now_ns);
	}
}

static void flush(struct outbound *out, const struct outbound_context *context)
{
	for (size_t i = 0; i < out->count; i++) {
		struct wg_peer *peer = out->packets[i].peer;

		if (peer)
			seal_for_peer(out, context, peer, gather(out, i));
	}
	dp_udp_send(out->sender, context->udp, out->trains, out->train_count, context->now_ns);
	out->count = out->used = 0;
	out->iov_count = out->train_count = out->destination_count = 0;
}

/* The packet of `len` bytes that lies at the arena's end becomes part of the batch. */
static void take(struct outbound *out, const struct outbound_context *context, struct wg_peer *peer,
                 size_t len)
{
	uint8_t *data = out->arena + out->used;

	out->packets[out->count++] = (struct outbound_packet){
	        .peer = peer,
	        .data = data,
	        .len = (uint32_t)len,
	        .ecn = dp_packet_ecn(data + WG_DATA_HEADER),
	};
	out->used += wg_sealed_len(len, context->mtu);
}

static void make_room(struct outbound *out, const struct outbound_context *context, size_t len)
{
	if (out->count == BATCH || ARENA - out->used < len + SEAL_ROOM)
		flush(out, context);
}

static void take_super(struct outbound *out, const struct outbound_context *context,
                       const struct virtio_net_hdr *hdr, size_t len)
{
	struct wg_peer *peer = wg_device_route(context->device, out->super, len);
	struct gso_split split;
	size_t segment;

	if (!peer) {
		answer_unreachable(out, context, out->super, len);
		return;
	}
	if (dp_gso_split_init(&split, hdr, out->super, len) < 0) {
		ls_debug("tun.bad_super", "interface=%s gso_type=%u len=%zu", context->tun->name,
		         hdr->gso_type, len);
		return;
	}
	while ((segment = dp_gso_split_next_len(&split)) > 0) {
		make_room(out, context, segment);
		dp_gso_split_next(&split, out->arena + out->used + WG_DATA_HEADER);
		take(out, context, peer, segment);
	}
}

static void take_single(struct outbound *out, const struct outbound_context *context,
                        const struct virtio_net_hdr *hdr, size_t len)
{
	uint8_t *packet = out->arena + out->used + WG_DATA_HEADER;
	struct wg_peer *peer = wg_device_route(context->device, packet, len);

	if (!peer)
		answer_unreachable(out, context, packet, len);
	else if (dp_gso_finish_checksum(hdr, packet, len) == 0)
		take(out, context, peer, len);
}

/* Reads one packet: its first `slot` bytes to where it will be sealed, what is more, which only
 * super-packets have, behind the same place in `super`. */
static int read_one(struct outbound *out, const struct outbound_context *context)
{
	size_t slot = context->mtu;
	uint8_t *packet = out->arena + out->used + WG_DATA_HEADER;
	struct iovec iov[3] = {
	        [1] = {packet, slot},
	        [2] = {out->super + slot, sizeof(out->super) - slot},
	};
	struct virtio_net_hdr hdr;
	ssize_t n = dp_tun_read(context->tun, &hdr, iov, 3);

	if (n < 0)
		return (int)n;
	if (dp_gso_is_super(&hdr)) {
		memcpy(out->super, packet, (size_t)n < slot ? (size_t)n : slot);
		take_super(out, context, &hdr, (size_t)n);
	} else if (n > 0 && (size_t)n <= slot) {
		take_single(out, context, &hdr, (size_t)n);
	}
	return 0;
}

int dp_outbound_run(struct outbound *out, const struct outbound_context *context)
{
	int r = 0;

	for (int batches = 0; batches < ROUND_BATCHES && r == 0; batches++) {
		while (r == 0 && out->count < BATCH && out->used < ARENA_FLUSH)
			r = read_one(out, context);
		flush(out, context);
	}
	return r == -EAGAIN || r == -EINTR ? 0 : r;
}
