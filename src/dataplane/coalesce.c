/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/coalesce.h"

#include <assert.h>
#include <netinet/in.h>
#include <string.h>

#include "dataplane/gso_split.h"
#include "wire/checksum.h"

void dp_coalesce_reset(struct coalesce *c)
{
	c->item_count = 0;
	c->group_count = 0;
	c->barrier = 0;
	memset(c->buckets, 0, sizeof(c->buckets));
}

bool dp_coalesce_full(const struct coalesce *c)
{
	return c->item_count == COALESCE_BATCH;
}

/* Hashes addresses and ports, and nothing else: all packets of a flow must fall into one bucket,
 * with IP options or without. An attacker who chooses addresses that collide only makes us join
 * fewer packets. */
static size_t flow_bucket(const uint8_t *data, const struct packet *packet)
{
	bool v4 = packet->family == LS_FAMILY_V4;
	size_t at = v4 ? (size_t)IPV4_SOURCE : (size_t)IPV6_SOURCE;
	size_t end = v4 ? (size_t)IPV4_HEADER : (size_t)IPV6_HEADER;
	uint64_t hash = packet->protocol;
	uint32_t word;

	for (; at < end; at += sizeof(word)) {
		memcpy(&word, data + at, sizeof(word));
		hash = (hash ^ word) * UINT64_C(0x9e3779b97f4a7c15);
	}
	memcpy(&word, data + packet->ip_len, sizeof(word));
	hash = (hash ^ word) * UINT64_C(0x9e3779b97f4a7c15);
	return (size_t)(hash >> 56);
}

static bool same_bytes(const uint8_t *a, const uint8_t *b, size_t at, size_t end)
{
	return memcmp(a + at, b + at, end - at) == 0;
}

static bool same_ip_header(const uint8_t *a, const uint8_t *b, const struct packet *packet)
{
	if (packet->family == LS_FAMILY_V6)
		return same_bytes(a, b, 0, IPV6_PAYLOAD_LENGTH) &&
		       same_bytes(a, b, IPV6_NEXT_HEADER, IPV6_HEADER);
	/* Total length, ID and checksum are different in each packet. */
	return same_bytes(a, b, 0, IPV4_TOTAL_LENGTH) &&
	       same_bytes(a, b, IPV4_FRAGMENT, IPV4_CHECKSUM) &&
	       same_bytes(a, b, IPV4_SOURCE, packet->ip_len);
}

/* Compares the ports; for TCP also acknowledgement, data offset, window, urgent pointer and
 * options. The caller checks the sequence number and the flags. */
static bool same_l4_header(const uint8_t *a, const uint8_t *b, const struct packet *packet)
{
	size_t l4 = packet->ip_len;

	if (packet->protocol == IPPROTO_UDP)
		return same_bytes(a, b, l4, l4 + UDP_LENGTH);
	return same_bytes(a, b, l4, l4 + TCP_SEQUENCE) &&
	       same_bytes(a, b, l4 + TCP_ACKNOWLEDGEMENT, l4 + TCP_FLAGS) &&
	       same_bytes(a, b, l4 + TCP_FLAGS + 1, l4 + TCP_CHECKSUM) &&
	       same_bytes(a, b, l4 + TCP_CHECKSUM + 2, packet->header_len);
}

static size_t payload_of(const struct packet *packet)
{
	return packet->len - packet->header_len;
}

/* True when the packet may be part of a super-packet. */
static bool can_merge(const struct coalesce *c, const uint8_t *data, const struct packet *packet)
{
	if (payload_of(packet) == 0)
		return false;
	if (packet->family == LS_FAMILY_V4 &&
	    ls_checksum_fold(ls_checksum_add(0, data, packet->ip_len)) != 0xffff)
		return false;
	if (packet->protocol == IPPROTO_TCP)
		return c->tcp && (data[packet->ip_len + TCP_FLAGS] & ~TCP_PSH) == TCP_ACK &&
		       dp_packet_checksum_valid(data, packet);
	/* A super-packet would give a datagram without a checksum one. */
	return c->udp && dp_packet_get16(data + packet->ip_len + UDP_CHECKSUM) != 0 &&
	       dp_packet_checksum_valid(data, packet);
}

static bool belongs_to(const struct coalesce *c, const struct coalesce_group *group,
                       const uint8_t *data, const struct packet *packet)
{
	const struct coalesce_item *first = &c->items[group->first];
	size_t payload = payload_of(packet);

	if (group->closed || group->count == COALESCE_GROUP_MAX || payload > group->gso_size ||
	    group->len + payload > COALESCE_LEN_MAX)
		return false;
	if (first->packet.family != packet->family || first->packet.protocol != packet->protocol ||
	    first->packet.ip_len != packet->ip_len ||
	    first->packet.header_len != packet->header_len)
		return false;
	if (packet->protocol == IPPROTO_TCP &&
	    dp_packet_get32(data + packet->ip_len + TCP_SEQUENCE) != group->next_sequence)
		return false;
	/* The kernel numbers the segments of a super-packet with consecutive IDs. Without DF, a
	 * segment may be fragmented later, and its ID then matters: only packets with consecutive
	 * IDs may join. */
	if (packet->family == LS_FAMILY_V4 && !(dp_packet_get16(data + IPV4_FRAGMENT) & IPV4_DF) &&
	    dp_packet_get16(data + IPV4_ID) !=
	            (uint16_t)(dp_packet_get16(first->data + IPV4_ID) + group->count))
		return false;
	return same_ip_header(first->data, data, packet) &&
	       same_l4_header(first->data, data, packet);
}

/* Adds an item to the group; belongs_to or start_group has checked it. */
static void append_item(struct coalesce *c, struct coalesce_group *group, uint16_t index)
{
	const struct coalesce_item *item = &c->items[index];
	size_t payload = payload_of(&item->packet);

	c->items[group->last].next = index;
	group->last = index;
	group->count++;
	group->len += payload;
	group->next_sequence += (uint32_t)payload;
	group->push = item->packet.protocol == IPPROTO_TCP &&
	              (item->data[item->packet.ip_len + TCP_FLAGS] & TCP_PSH);
	group->closed = group->push || payload < group->gso_size;
}

static void start_group(struct coalesce *c, uint16_t index, bool mergeable)
{
	const struct coalesce_item *item = &c->items[index];
	const struct packet *packet = &item->packet;
	struct coalesce_group *group = &c->groups[c->group_count++];
	const uint8_t *l4 = item->data + packet->ip_len;

	*group = (struct coalesce_group){
	        .first = index, .last = index, .count = 1, .closed = true, .len = packet->len};
	if (!mergeable)
		return;
	group->gso_size = (uint16_t)payload_of(packet);
	group->closed = false;
	if (packet->protocol == IPPROTO_TCP) {
		group->next_sequence = dp_packet_get32(l4 + TCP_SEQUENCE) + group->gso_size;
		group->push = group->closed = l4[TCP_FLAGS] & TCP_PSH;
	}
}

void dp_coalesce_add(struct coalesce *c, uint8_t *data, const struct packet *packet)
{
	uint16_t index = c->item_count++;
	uint16_t *bucket;
	bool mergeable;

	assert(index < COALESCE_BATCH);
	c->items[index] = (struct coalesce_item){.data = data, .packet = *packet};
	if (packet->header_len == 0 || (!c->tcp && !c->udp)) {
		start_group(c, index, false);
		/* A fragment may belong to any flow between its hosts: no later packet may overtake
		 * it. */
		if (packet->header_len == 0)
			c->barrier = c->group_count;
		return;
	}
	bucket = &c->buckets[flow_bucket(data, packet)];
	mergeable = can_merge(c, data, packet);
	if (mergeable && *bucket > c->barrier &&
	    belongs_to(c, &c->groups[*bucket - 1], data, packet)) {
		append_item(c, &c->groups[*bucket - 1], index);
		return;
	}
	start_group(c, index, mergeable);
	*bucket = c->group_count;
}

/* Writes the header of the whole super-packet: its lengths, and the sum of the pseudo header in the
 * checksum field, so that the kernel can finish the checksum. */
static void super_header(const struct coalesce_item *first, const struct coalesce_group *group,
                         uint8_t *headers)
{
	const struct packet *packet = &first->packet;
	size_t l4_len = group->len - packet->ip_len;
	uint8_t *l4 = headers + packet->ip_len;
	uint16_t partial;

	memcpy(headers, first->data, packet->header_len);
	if (packet->family == LS_FAMILY_V4) {
		dp_packet_put16(headers + IPV4_TOTAL_LENGTH, (uint16_t)group->len);
		dp_packet_ipv4_checksum(headers, packet->ip_len);
	} else {
		dp_packet_put16(headers + IPV6_PAYLOAD_LENGTH,
		                (uint16_t)(group->len - IPV6_HEADER));
	}
	partial = ls_checksum_fold(dp_packet_pseudo_sum(headers, packet->protocol, l4_len));
	if (packet->protocol == IPPROTO_TCP) {
		if (group->push)
			l4[TCP_FLAGS] |= TCP_PSH;
		memcpy(l4 + TCP_CHECKSUM, &partial, sizeof(partial));
	} else {
		dp_packet_put16(l4 + UDP_LENGTH, (uint16_t)l4_len);
		memcpy(l4 + UDP_CHECKSUM, &partial, sizeof(partial));
	}
}

size_t dp_coalesce_super(const struct coalesce *c, const struct coalesce_group *group,
                         struct virtio_net_hdr *ret_hdr, uint8_t headers[static PACKET_HEADERS_MAX],
                         struct iovec ret_iov[static COALESCE_IOV])
{
	const struct coalesce_item *item = &c->items[group->first];
	bool tcp = item->packet.protocol == IPPROTO_TCP;
	uint8_t tcp_type = item->packet.family == LS_FAMILY_V4 ? VIRTIO_NET_HDR_GSO_TCPV4
	                                                       : VIRTIO_NET_HDR_GSO_TCPV6;
	size_t n = 0;

	*ret_hdr = (struct virtio_net_hdr){.gso_type = VIRTIO_NET_HDR_GSO_NONE};
	if (group->count == 1) {
		ret_iov[0] = (struct iovec){item->data, item->packet.len};
		return 1;
	}
	assert(group->count <= COALESCE_GROUP_MAX && item->packet.header_len <= PACKET_HEADERS_MAX);
	super_header(item, group, headers);
	*ret_hdr = (struct virtio_net_hdr){
	        .flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
	        .gso_type = tcp ? tcp_type : VIRTIO_NET_HDR_GSO_UDP_L4,
	        .hdr_len = item->packet.header_len,
	        .gso_size = group->gso_size,
	        .csum_start = item->packet.ip_len,
	        .csum_offset = tcp ? TCP_CHECKSUM : UDP_CHECKSUM,
	};
	ret_iov[n++] = (struct iovec){headers, item->packet.header_len};
	for (uint16_t i = 0; i < group->count; i++) {
		ret_iov[n++] = (struct iovec){item->data + item->packet.header_len,
		                              payload_of(&item->packet)};
		item = &c->items[item->next];
	}
	return n;
}
