/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/gso_split.h"

#include <assert.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include "dataplane/packet.h"
#include "wire/checksum.h"

bool dp_gso_is_super(const struct virtio_net_hdr *hdr)
{
	return (hdr->gso_type & ~VIRTIO_NET_HDR_GSO_ECN) != VIRTIO_NET_HDR_GSO_NONE;
}

/* The protocol of a GSO type over that IP version; 0 when they do not match. */
static uint8_t gso_protocol(uint8_t gso_type, uint8_t version)
{
	switch (gso_type & ~VIRTIO_NET_HDR_GSO_ECN) {
	case VIRTIO_NET_HDR_GSO_TCPV4:
		return version == 4 ? IPPROTO_TCP : 0;
	case VIRTIO_NET_HDR_GSO_TCPV6:
		return version == 6 ? IPPROTO_TCP : 0;
	case VIRTIO_NET_HDR_GSO_UDP_L4:
		return version == 4 || version == 6 ? IPPROTO_UDP : 0;
	default:
		return 0;
	}
}

/* Where the upper layer begins: after an IPv4 header; for IPv6 the kernel's header tells, since the
 * kernel has read the extension headers. 0 when that is not possible. */
static size_t l4_start(const struct virtio_net_hdr *hdr, const uint8_t *packet, size_t len)
{
	size_t start = packet[0] >> 4 == 4 ? (size_t)(packet[0] & 0x0f) * 4 : IPV6_HEADER;

	if (packet[0] >> 4 == 6 && (hdr->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM) &&
	    hdr->csum_start > start)
		start = hdr->csum_start;
	return start >= IPV4_HEADER && start < len ? start : 0;
}

int dp_gso_split_init(struct gso_split *split, const struct virtio_net_hdr *hdr,
                      const uint8_t *packet, size_t len)
{
	struct gso_split s = {.packet = packet, .gso_size = hdr->gso_size};
	size_t l4_header;

	if (len < IPV4_HEADER || len > UINT16_MAX || hdr->gso_size == 0)
		return -EINVAL;
	s.protocol = gso_protocol(hdr->gso_type, packet[0] >> 4);
	s.ip_len = l4_start(hdr, packet, len);
	if (s.protocol == 0 || s.ip_len == 0)
		return -EINVAL;
	l4_header = UDP_HEADER;
	if (s.protocol == IPPROTO_TCP) {
		if (len - s.ip_len < TCP_HEADER)
			return -EINVAL;
		l4_header = (size_t)(packet[s.ip_len + TCP_DATA_OFFSET] >> 4) * 4;
		if (l4_header < TCP_HEADER)
			return -EINVAL;
	}
	if (len - s.ip_len <= l4_header)
		return -EINVAL;
	s.header_len = s.ip_len + l4_header;
	s.payload_len = len - s.header_len;
	s.address_sum = dp_packet_pseudo_sum(packet, s.protocol, 0);
	*split = s;
	return 0;
}

size_t dp_gso_split_next_len(const struct gso_split *split)
{
	size_t left = split->payload_len - split->done_len;

	if (left == 0)
		return 0;
	return split->header_len + (left < split->gso_size ? left : split->gso_size);
}

static void finish_ip_header(const struct gso_split *split, uint8_t *out, size_t len)
{
	if (out[0] >> 4 == 4) {
		dp_packet_put16(out + IPV4_TOTAL_LENGTH, (uint16_t)len);
		dp_packet_put16(out + IPV4_ID,
		                (uint16_t)(dp_packet_get16(out + IPV4_ID) + split->index));
		dp_packet_ipv4_checksum(out, split->ip_len);
	} else {
		dp_packet_put16(out + IPV6_PAYLOAD_LENGTH, (uint16_t)(len - IPV6_HEADER));
	}
}

static void store_checksum(uint8_t *at, uint64_t sum, uint8_t protocol)
{
	uint16_t checksum = (uint16_t)~ls_checksum_fold(sum);

	/* In UDP, zero means "no checksum" (RFC 768). */
	if (checksum == 0 && protocol == IPPROTO_UDP)
		checksum = 0xffff;
	memcpy(at, &checksum, sizeof(checksum));
}

void dp_gso_split_next(struct gso_split *split, uint8_t *out)
{
	size_t len = dp_gso_split_next_len(split);
	size_t payload = len - split->header_len;
	size_t l4_len = len - split->ip_len;
	uint8_t *l4 = out + split->ip_len;
	uint8_t *checksum;
	uint8_t length_word[4];
	uint64_t sum;

	assert(len > 0);
	memcpy(out, split->packet, split->header_len);
	memcpy(out + split->header_len, split->packet + split->header_len + split->done_len,
	       payload);
	finish_ip_header(split, out, len);
	if (split->protocol == IPPROTO_TCP) {
		checksum = l4 + TCP_CHECKSUM;
		dp_packet_put32(l4 + TCP_SEQUENCE,
		                dp_packet_get32(l4 + TCP_SEQUENCE) + (uint32_t)split->done_len);
		if (split->done_len + payload < split->payload_len)
			l4[TCP_FLAGS] &= (uint8_t) ~(TCP_FIN | TCP_PSH);
		if (split->index > 0)
			l4[TCP_FLAGS] &= (uint8_t)~TCP_CWR;
	} else {
		checksum = l4 + UDP_CHECKSUM;
		dp_packet_put16(l4 + UDP_LENGTH, (uint16_t)l4_len);
	}
	memset(checksum, 0, 2);
	dp_packet_put32(length_word, (uint32_t)l4_len);
	sum = ls_checksum_add(split->address_sum, length_word, sizeof(length_word));
	store_checksum(checksum, ls_checksum_add(sum, l4, l4_len), split->protocol);
	split->done_len += payload;
	split->index++;
}

int dp_gso_finish_checksum(const struct virtio_net_hdr *hdr, uint8_t *packet, size_t len)
{
	size_t start = hdr->csum_start;
	size_t at = start + hdr->csum_offset;
	uint64_t sum;

	if (!(hdr->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM))
		return 0;
	if (len < 2 || at > len - 2 || start > at)
		return -EINVAL;
	/* The field contains the sum of the pseudo header, which is added like data here. */
	sum = ls_checksum_add(0, packet + start, len - start);
	store_checksum(packet + at, sum,
	               hdr->csum_offset == UDP_CHECKSUM ? IPPROTO_UDP : IPPROTO_TCP);
	return 0;
}
