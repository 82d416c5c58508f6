/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/outbound.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "dataplane/gso_split.h"
#include "dataplane/icmp.h"
#include "dataplane/narrow.h"
#include "dataplane/packet.h"
#include "wg/messages.h"
#include "wg/send.h"

enum {
	SUPER_MAX = 65536,      /* bytes of one read */
	ARENA = 160 << 10,      /* two full super-packets, encrypted */
	ARENA_FLUSH = 48 << 10, /* a batch this large is sent before the next read */
	BATCH = 128,            /* packets */
	ROUND_BATCHES = 4,      /* then the other direction has its turn */
	SEAL_ROOM = WG_DATA_OVERHEAD + WG_PADDING,
	LOOK_MAX = 4, /* what TCP sends again after a timeout comes alone */
};

static_assert(ARENA - ARENA_FLUSH >= SUPER_MAX + SEAL_ROOM, "a read always finds room");

struct outbound_packet {
	struct wg_peer *peer; /* NULL when it is done */
	uint8_t *data;        /* where its WireGuard header begins */
	uint32_t len;         /* of the plaintext */
	uint8_t ecn;
};

struct outbound {
	struct outbound_packet packets[BATCH];
	size_t count;
	size_t used; /* of the arena */

	/* Used while one batch is sent: */
	struct wg_seal seals[BATCH];
	uint8_t ecns[BATCH];
	struct iovec iov[BATCH];
	size_t iov_count;
	struct udp_train trains[BATCH];
	size_t train_count;
	struct wg_path paths[BATCH];
	size_t path_count;

	struct udp_sender *sender;
	struct narrow narrow;
	struct ls_ratelimit icmp_limit;
	struct ls_ratelimit loop_limit;
	struct ls_ratelimit narrow_limit;
	uint8_t arena[ARENA];
	uint8_t super[SUPER_MAX];
};

struct outbound *dp_outbound_new(void)
{
	struct outbound *out = ls_try_array(1, sizeof(*out));

	if (!out)
		return NULL;
	out->icmp_limit = (struct ls_ratelimit)LS_RATELIMIT_INIT(20, 50 * LS_NS_PER_MS);
	out->loop_limit = (struct ls_ratelimit)LS_RATELIMIT_INIT(1, 60 * LS_NS_PER_S);
	out->narrow_limit = (struct ls_ratelimit)LS_RATELIMIT_INIT(3, 600 * LS_NS_PER_S);
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

/* The ICMP error for a packet: too big when `mtu` is not 0, else unreachable. */
static size_t make_answer(const uint8_t *packet, size_t len, const struct ls_ip *source,
                          uint16_t mtu, uint8_t *answer)
{
	return mtu ? dp_icmp_too_big(packet, len, source, mtu, answer)
	           : dp_icmp_unreachable(packet, len, source, answer);
}

/* Tells the sender of a packet that there is no way for it, or none for its size. Without a raw
 * socket, the answer has to come out of the tunnel. There the kernel takes no IPv4 packet from an
 * address of its own, so it comes from the address that stands for a host without one (RFC
 * 7600). */
static void answer_error(struct outbound *out, const struct outbound_context *context,
                         const uint8_t *packet, size_t len, uint16_t mtu)
{
	bool v4 = len > 0 && packet[0] >> 4 == 4;
	struct ls_ip source = {.family = v4 ? LS_FAMILY_V4 : LS_FAMILY_V6, .b = {192, 0, 0, 8}};
	struct virtio_net_hdr hdr = {0};
	uint8_t answer[ICMP_ANSWER_MAX];
	size_t n = make_answer(packet, len, &source, mtu, answer);
	struct iovec iov[2];
	int r;

	if (n == 0 || !ls_ratelimit_pass(&out->icmp_limit, context->now_ns))
		return;
	r = dp_netdev_send_icmp(context->netdev, answer, n);
	if (r == -EPERM && !v4) {
		r = dp_netdev_address(context->netdev, LS_FAMILY_V6, &source);
		n = make_answer(packet, len, &source, mtu, answer);
		r = r < 0 ? r : -EPERM;
	}
	iov[1] = (struct iovec){answer, n};
	if (r == -EPERM)
		r = dp_tun_write(context->tun, &hdr, iov, 2);
	if (r < 0)
		ls_debug("tun.answer_lost", "interface=%s error=\"%s\"", context->tun->name,
		         ls_strerror(r));
}

static void answer_unreachable(struct outbound *out, const struct outbound_context *context,
                               const uint8_t *packet, size_t len)
{
	answer_error(out, context, packet, len, 0);
}

/* True when the packet carries a datagram that this interface has sent: then something outside the
 * routes, such as a rule of the firewall, led it back into the tunnel, and it would loop. */
static bool is_own_datagram(struct outbound *out, const struct outbound_context *context,
                            const uint8_t *packet, size_t len)
{
	size_t at = dp_packet_udp_payload(packet, len);

	if (at == 0 || !wg_device_made(context->device, packet + at, len - at))
		return false;
	if (ls_ratelimit_pass(&out->loop_limit, context->now_ns))
		ls_warn("tun.loop", "interface=%s port=%u", context->tun->name, context->udp->port);
	return true;
}

/* Adds the packet of `len` bytes at the end of the arena to the batch. */
static void add_packet(struct outbound *out, struct wg_peer *peer, size_t len, uint32_t mtu)
{
	uint8_t *data = out->arena + out->used;

	assert(out->count < BATCH && len + SEAL_ROOM <= ARENA - out->used);
	out->packets[out->count++] = (struct outbound_packet){
	        .peer = peer,
	        .data = data,
	        .len = (uint32_t)len,
	        .ecn = dp_packet_ecn(data + WG_DATA_HEADER),
	};
	out->used += wg_sealed_len(len, mtu);
}

/* Makes trains of n encrypted packets for one path. Packets that are neighbours in the arena
 * share one piece. */
static void build_trains(struct outbound *out, const struct outbound_context *context, size_t n,
                         const struct wg_path *path)
{
	bool can_train = dp_udp_can_train(context->udp, &path->remote, context->now_ns);
	struct udp_train *train = NULL;

	for (size_t i = 0; i < n; i++) {
		const struct wg_seal *seal = &out->seals[i];
		struct iovec *last = train ? &out->iov[out->iov_count - 1] : NULL;
		bool joins = train && can_train && train->count < UDP_TRAIN_MAX &&
		             train->len == (size_t)train->size * train->count &&
		             seal->sealed_len <= train->size && train->ecn == out->ecns[i] &&
		             train->len + seal->sealed_len <= UDP_TRAIN_LEN_MAX;

		if (!joins) {
			train = &out->trains[out->train_count++];
			*train = (struct udp_train){.path = path,
			                            .iov = &out->iov[out->iov_count],
			                            .size = (uint16_t)seal->sealed_len,
			                            .ecn = out->ecns[i]};
		}
		if (joins && (uint8_t *)last->iov_base + last->iov_len == seal->data) {
			last->iov_len += seal->sealed_len;
		} else {
			out->iov[out->iov_count++] = (struct iovec){seal->data, seal->sealed_len};
			train->iov_count++;
		}
		train->count++;
		train->len += seal->sealed_len;
	}
}

/* Looks for packets that are lost because of their size (narrow.h), before they are encrypted. */
static void look(struct outbound *out, const struct outbound_context *context, struct wg_peer *peer,
                 size_t n)
{
	if (n > LOOK_MAX || !wg_peer_is_over_v6(peer))
		return;
	for (size_t i = 0; i < n; i++) {
		const uint8_t *packet = out->seals[i].data + WG_DATA_HEADER;
		size_t len = out->seals[i].len;
		uint16_t mtu = packet[0] >> 4 == 4 ? NARROW_MTU_V4 : NARROW_MTU_V6;

		switch (dp_narrow_note(&out->narrow, packet, len, wg_peer_heard(peer),
		                       context->now_ns)) {
		case NARROW_NOTHING:
			break;
		case NARROW_ASK:
			wg_peer_ask(peer, context->now_ns);
			break;
		case NARROW_TOO_BIG:
			answer_error(out, context, packet, len, mtu);
			if (ls_ratelimit_pass(&out->narrow_limit, context->now_ns))
				ls_info("udp.large_lost", "interface=%s mtu=%u", context->tun->name,
				        mtu);
			break;
		}
	}
}

/* Takes the packets of one peer out of the batch, in order, encrypts them and makes trains. Packets
 * without a session are staged; packets to a peer without an endpoint, or with one inside this
 * tunnel, are answered "unreachable". */
static void seal_for_peer(struct outbound *out, const struct outbound_context *context,
                          size_t first)
{
	struct wg_peer *peer = out->packets[first].peer;
	struct wg_path *path = &out->paths[out->path_count];
	size_t n = 0;
	int r;

	for (size_t i = first; i < out->count; i++) {
		struct outbound_packet *packet = &out->packets[i];

		if (packet->peer != peer)
			continue;
		out->seals[n] = (struct wg_seal){.data = packet->data, .len = packet->len};
		out->ecns[n++] = packet->ecn;
		packet->peer = NULL;
	}
	look(out, context, peer, n);
	r = wg_peer_seal(peer, out->seals, n, context->now_ns, path);
	if (r == 0) {
		out->path_count++;
		build_trains(out, context, n, path);
		return;
	}
	for (size_t i = 0; i < n; i++) {
		const uint8_t *packet = out->seals[i].data + WG_DATA_HEADER;

		if (r == -EDESTADDRREQ || r == -ELOOP)
			answer_unreachable(out, context, packet, out->seals[i].len);
		else
			wg_peer_stage(peer, packet, out->seals[i].len, context->now_ns);
	}
}

static void send_batch(struct outbound *out, const struct outbound_context *context)
{
	for (size_t i = 0; i < out->count; i++) {
		if (out->packets[i].peer)
			seal_for_peer(out, context, i);
	}
	dp_udp_send(out->sender, context->udp, out->trains, out->train_count, context->now_ns);
	out->count = out->used = 0;
	out->iov_count = out->train_count = out->path_count = 0;
}

/* Adds the segments of the packet in `super` to the batch; sends the batch first when it is
 * full. */
static void add_segments(struct outbound *out, const struct outbound_context *context,
                         struct wg_peer *peer, const struct virtio_net_hdr *hdr, size_t len)
{
	struct gso_split split;
	size_t segment;

	if (dp_gso_split_init(&split, hdr, out->super, len) < 0) {
		ls_debug("tun.bad_super", "interface=%s gso_type=%u len=%zu", context->tun->name,
		         hdr->gso_type, len);
		return;
	}
	while ((segment = dp_gso_split_next_len(&split)) > 0) {
		if (out->count == BATCH || ARENA - out->used < segment + SEAL_ROOM)
			send_batch(out, context);
		dp_gso_split_next(&split, out->arena + out->used + WG_DATA_HEADER);
		add_packet(out, peer, segment, context->packet_mtu);
	}
}

/* Reads one packet or super-packet, finds its peer and adds it to the batch. A packet is read to
 * the place where it will be encrypted. The part beyond the MTU, which only super-packets have, is
 * read into `super`, at the same offset. 0 or the error of reading the TUN. */
static int read_packet(struct outbound *out, const struct outbound_context *context)
{
	size_t slot = context->mtu;
	uint8_t *packet = out->arena + out->used + WG_DATA_HEADER;
	struct iovec iov[3] = {
	        [1] = {packet, slot},
	        [2] = {out->super + slot, sizeof(out->super) - slot},
	};
	struct virtio_net_hdr hdr;
	ssize_t n = dp_tun_read(context->tun, &hdr, iov, 3);
	size_t len = (size_t)n;
	struct wg_peer *peer;
	bool super;

	if (n <= 0)
		return (int)n;
	super = dp_gso_is_super(&hdr);
	if (super) {
		memcpy(out->super, packet, len < slot ? len : slot);
		packet = out->super;
	} else if (len > slot) {
		return 0;
	}
	peer = wg_device_route(context->device, packet, len);
	if (dp_packet_udp_source(packet, len) == context->udp->port &&
	    is_own_datagram(out, context, packet, len))
		return 0;
	if (!peer)
		answer_unreachable(out, context, packet, len);
	else if (super)
		add_segments(out, context, peer, &hdr, len);
	else if (dp_gso_finish_checksum(&hdr, packet, len) == 0)
		add_packet(out, peer, len, context->packet_mtu);
	return 0;
}

int dp_outbound_run(struct outbound *out, const struct outbound_context *context)
{
	int r = 0;

	assert(context->mtu < SUPER_MAX);
	for (int batches = 0; batches < ROUND_BATCHES && r == 0; batches++) {
		while (r == 0 && out->count < BATCH && out->used < ARENA_FLUSH)
			r = read_packet(out, context);
		send_batch(out, context);
	}
	return r == -EAGAIN || r == -EINTR ? 0 : r;
}
