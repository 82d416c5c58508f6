/* SPDX-License-Identifier: Apache-2.0 */
/* Joins packets of one received batch into super-packets, for a TUN with offloads. Without I/O.
 *
 * TCP packets are joined when addresses, ports, acknowledgement, window, options, TOS, TTL and DF
 * are equal, when the flags are exactly ACK or ACK and PSH, and when each packet continues the one
 * before. UDP packets are joined when addresses, ports, TOS, TTL and DF are equal. All packets of a
 * group have the same size, except that a shorter one ends the group, as PSH does. A packet only
 * joins the latest group of its flow, and groups are written in the order of their first packets,
 * so no flow is reordered. Packets are neither copied nor changed: a super-packet is a new header
 * and the payloads at their old places, so the packets can still be written one by one. */
#ifndef LS_DATAPLANE_COALESCE_H
#define LS_DATAPLANE_COALESCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include <linux/virtio_net.h>

#include "dataplane/packet.h"

enum {
	COALESCE_BATCH = 256,   /* packets at most */
	COALESCE_BUCKETS = 256, /* hash buckets; when flows share one, fewer packets are joined */
	COALESCE_LEN_MAX = 65535,
	COALESCE_GROUP_MAX = 64, /* packets in one super-packet */
	/* The header and the payloads of one super-packet. */
	COALESCE_IOV = 1 + COALESCE_GROUP_MAX,
};

struct coalesce_group {
	uint16_t first; /* index of its first packet; `next` leads to the others */
	uint16_t last;
	uint16_t count;
	uint16_t gso_size; /* payload of each packet except the last */
	bool closed;       /* no packet may join */
	bool push;         /* the last packet had PSH */
	uint32_t next_sequence;
	size_t len; /* of the super-packet */
};

struct coalesce_item {
	uint8_t *data;
	struct packet packet;
	uint16_t next;
};

struct coalesce {
	bool tcp; /* which protocols to join; the owner may change both at any time */
	bool udp;
	uint16_t item_count;
	uint16_t group_count;
	uint16_t barrier;                   /* no packet may join a group below this index */
	uint16_t buckets[COALESCE_BUCKETS]; /* by hash: index of the flow's latest group, plus 1 */
	struct coalesce_item items[COALESCE_BATCH];
	struct coalesce_group groups[COALESCE_BATCH];
};

/* Starts an empty batch. */
void dp_coalesce_reset(struct coalesce *c);
bool dp_coalesce_full(const struct coalesce *c);
/* Adds a packet, which must stay unchanged until the reset. `packet` is the result of
 * dp_packet_parse. Do not call this when full. */
void dp_coalesce_add(struct coalesce *c, uint8_t *data, const struct packet *packet);

/* Describes a group as a super-packet, or as its only packet. `headers` becomes part of it and must
 * live as long as ret_iov. Returns the number of pieces in ret_iov, which together are the
 * packet. */
size_t dp_coalesce_super(const struct coalesce *c, const struct coalesce_group *group,
                         struct virtio_net_hdr *ret_hdr, uint8_t headers[static PACKET_HEADERS_MAX],
                         struct iovec ret_iov[static COALESCE_IOV]);

#endif
