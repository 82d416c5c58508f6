/* SPDX-License-Identifier: Apache-2.0 */
/* Splits what a TUN with offloads hands out: packets of up to 64 KB with unfinished checksums
 * (linux/virtio_net.h, TCP and UDP segmentation) into packets for the wire. Without I/O.
 *
 * The kernel's header is taken for what it is worth: hdr_len is ignored, lengths come from the
 * packet's own headers, everything is checked against the bytes at hand. */
#ifndef LS_DATAPLANE_GSO_SPLIT_H
#define LS_DATAPLANE_GSO_SPLIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <linux/virtio_net.h>

#include "base/error.h"

#ifndef VIRTIO_NET_HDR_GSO_UDP_L4
#define VIRTIO_NET_HDR_GSO_UDP_L4 5 /* since Linux 6.2 */
#endif

/* A super-packet being split; the packet is borrowed until the last segment is out. */
struct gso_split {
	const uint8_t *packet;
	size_t ip_len;     /* IP header with options and extension headers */
	size_t header_len; /* to the payload: copied into each segment */
	size_t payload_len;
	size_t done_len; /* of the payload, by the segments already made */
	uint16_t gso_size;
	uint16_t index; /* of the next segment */
	uint8_t protocol;
	uint64_t address_sum; /* pseudo header without its length */
};

/* True when the header announces a super-packet, not one that is whole. */
bool dp_gso_is_super(const struct virtio_net_hdr *hdr);
/* -EINVAL for a header that does not fit the packet. */
int dp_gso_split_init(struct gso_split *split, const struct virtio_net_hdr *hdr,
                      const uint8_t *packet, size_t len) LS_MUST_CHECK;
/* Bytes of the next segment; 0: all are made. */
size_t dp_gso_split_next_len(const struct gso_split *split);
/* Writes the next segment of dp_gso_split_next_len bytes. */
void dp_gso_split_next(struct gso_split *split, uint8_t *out);

/* Finishes in place the checksum of a packet that is whole. -EINVAL as above. */
int dp_gso_finish_checksum(const struct virtio_net_hdr *hdr, uint8_t *packet,
                           size_t len) LS_MUST_CHECK;

#endif
