/* SPDX-License-Identifier: Apache-2.0 */
/* Joins the packets of one received batch into super-packets for a TUN with offloads. Without I/O.
 *
 * TCP: same addresses, ports, acknowledgement, window, options, TOS, TTL and DF; flags exactly ACK
 * or ACK and PSH; each packet continues the one before. UDP: same addresses, ports, TOS, TTL and
 * DF. All but the last packet of a group have one size, a shorter one or PSH ends it. A packet only
 * ever joins the latest group of its flow, and groups leave in the order of their first packets, so
 * no flow is reordered. Packets are neither copied nor changed: a super-packet is a header of its
 * own and the payloads where they lie; written one by one the packets are as they came. */
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
	COALESCE_BUCKETS = 256, /* flows told apart; more only merge less */
	COALESCE_LEN_MAX = 65535,
	COALESCE_GROUP_MAX = 64, /* packets in one super-packet */
	/* Header and payloads of one super-packet. */
	COALESCE_IOV = 1 + COALESCE_GROUP_MAX,
};

struct coalesce_group {
	uint16_t first; /* index of its first packet; the others hang on `next` */
	uint16_t last;
	uint16_t count;
	uint16_t gso_size; /* payload of each packet but the last */
	bool closed;       /* takes no more */
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
	bool tcp; /* which to join; set by the owner at any time */
	bool udp;
	uint16_t item_count;
	uint16_t group_count;
	uint16_t barrier;                   /* groups below it take no more */
	uint16_t buckets[COALESCE_BUCKETS]; /* latest group of a flow + 1, by its hash */
	struct coalesce_item items[COALESCE_BATCH];
	struct coalesce_group groups[COALESCE_BATCH];
};

/* An empty batch. */
void dp_coalesce_reset(struct coalesce *c);
bool dp_coalesce_full(const struct coalesce *c);
/* Takes a packet, which is borrowed until the reset; dp_packet_parse accepted it as `packet`. Not
 * to be called when full. */
void dp_coalesce_add(struct coalesce *c, uint8_t *data, const struct packet *packet);

/* One group as a super-packet, or as its only packet. `headers` becomes part of it and must live
 * as long as ret_iov. Returns the number of pieces in ret_iov; their order is the packet. */
size_t dp_coalesce_super(const struct coalesce *c, const struct coalesce_group *group,
                         struct virtio_net_hdr *ret_hdr, uint8_t headers[static PACKET_HEADERS_MAX],
                         struct iovec ret_iov[static COALESCE_IOV]);

#endif
