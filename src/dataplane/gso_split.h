/* SPDX-License-Identifier: Apache-2.0 */
/* Splits the packets that a TUN with offloads hands out, of up to 64 KB and with unfinished
 * checksums (linux/virtio_net.h, TCP and UDP segmentation), into packets for the wire. Without I/O.
 *
 * The kernel's header is not trusted: hdr_len is ignored, lengths come from the packet's own
 * headers, and everything is checked against the number of bytes read. */
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

/* A super-packet that is being split. The packet must stay unchanged until the last segment is
 * written. */
struct gso_split {
	const uint8_t *packet;
	size_t ip_len;     /* IP header with options and extension headers */
	size_t header_len; /* all headers; copied into each segment */
	size_t payload_len;
	size_t done_len; /* payload in the segments written so far */
	uint16_t gso_size;
	uint16_t index; /* of the next segment */
	uint8_t protocol;
	uint64_t address_sum; /* sum of the pseudo header without its length */
};

/* True when the header says that the packet is a super-packet. */
bool dp_gso_is_super(const struct virtio_net_hdr *hdr);
/* -EINVAL when the header does not match the packet. */
int dp_gso_split_init(struct gso_split *split, const struct virtio_net_hdr *hdr,
                      const uint8_t *packet, size_t len) LS_MUST_CHECK;
/* Length of the next segment; 0 when all are written. */
size_t dp_gso_split_next_len(const struct gso_split *split);
/* Writes the next segment, of dp_gso_split_next_len bytes. Not to be called when that is 0. */
void dp_gso_split_next(struct gso_split *split, uint8_t *out);

/* Finishes the checksum of an ordinary packet, in place. -EINVAL as above. */
int dp_gso_finish_checksum(const struct virtio_net_hdr *hdr, uint8_t *packet,
                           size_t len) LS_MUST_CHECK;

#endif
