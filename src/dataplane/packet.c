/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/packet.h"

#include <assert.h>
#include <netinet/in.h>
#include <string.h>

#include "wire/checksum.h"

/* Fills ip_len, protocol, fragment and len from an IPv4 header. */
static bool parse_ipv4(const uint8_t *data, size_t len, struct packet *ret)
{
	size_t header, total;

	if (len < IPV4_HEADER)
		return false;
	header = (size_t)(data[0] & 0x0f) * 4;
	total = dp_packet_get16(data + IPV4_TOTAL_LENGTH);
	if (header < IPV4_HEADER || total < header || total > len)
		return false;
	ret->family = LS_FAMILY_V4;
	ret->protocol = data[IPV4_PROTOCOL];
	ret->fragment = (dp_packet_get16(data + IPV4_FRAGMENT) & IPV4_FRAGMENT_MASK) != 0;
	ret->ip_len = (uint16_t)header;
	ret->len = total;
	return true;
}

static bool parse_ipv6(const uint8_t *data, size_t len, struct packet *ret)
{
	size_t payload;

	if (len < IPV6_HEADER)
		return false;
	payload = dp_packet_get16(data + IPV6_PAYLOAD_LENGTH);
	if (payload > len - IPV6_HEADER)
		return false;
	ret->family = LS_FAMILY_V6;
	ret->protocol = data[IPV6_NEXT_HEADER];
	ret->ip_len = IPV6_HEADER;
	ret->len = IPV6_HEADER + payload;
	return true;
}

/* The length of the TCP or UDP header; 0 for another protocol and for a header that does not
 * fit. */
static size_t l4_header_len(const uint8_t *l4, size_t len, uint8_t protocol)
{
	size_t header;

	if (protocol == IPPROTO_UDP)
		return len >= UDP_HEADER && dp_packet_get16(l4 + UDP_LENGTH) == len ? UDP_HEADER
		                                                                    : 0;
	if (protocol != IPPROTO_TCP || len < TCP_HEADER)
		return 0;
	header = (size_t)(l4[TCP_DATA_OFFSET] >> 4) * 4;
	return header >= TCP_HEADER && header <= len ? header : 0;
}

bool dp_packet_parse(const uint8_t *data, size_t len, struct packet *ret)
{
	struct packet packet = {0};
	size_t l4;

	if (len == 0)
		return false;
	if (data[0] >> 4 == 4 ? !parse_ipv4(data, len, &packet)
	                      : data[0] >> 4 != 6 || !parse_ipv6(data, len, &packet))
		return false;
	if (!packet.fragment) {
		l4 = l4_header_len(data + packet.ip_len, packet.len - packet.ip_len,
		                   packet.protocol);
		packet.header_len = (uint16_t)(l4 ? packet.ip_len + l4 : 0);
	}
	*ret = packet;
	return true;
}

bool dp_packet_ecn_decapsulate(uint8_t *data, uint8_t outer_ecn)
{
	uint8_t inner = dp_packet_ecn(data);

	if (outer_ecn != PACKET_ECN_CE || inner == PACKET_ECN_CE)
		return true;
	if (inner == PACKET_ECN_NOT_ECT)
		return false;
	if (data[0] >> 4 == 4) {
		data[IPV4_TOS] |= PACKET_ECN_CE;
		dp_packet_ipv4_checksum(data, (size_t)(data[0] & 0x0f) * 4);
	} else {
		data[1] |= PACKET_ECN_CE << 4;
	}
	return true;
}

/* Stores a result of ls_checksum_fold, which already is in network byte order. */
static void put_checksum(uint8_t *at, uint16_t checksum)
{
	memcpy(at, &checksum, sizeof(checksum));
}

void dp_packet_ipv4_checksum(uint8_t *data, size_t ip_len)
{
	put_checksum(data + IPV4_CHECKSUM, 0);
	put_checksum(data + IPV4_CHECKSUM,
	             (uint16_t)~ls_checksum_fold(ls_checksum_add(0, data, ip_len)));
}

uint64_t dp_packet_pseudo_sum(const uint8_t *data, uint8_t protocol, size_t l4_len)
{
	if (data[0] >> 4 == 4)
		return ls_checksum_pseudo(data + IPV4_SOURCE, data + IPV4_DESTINATION, 4, protocol,
		                          (uint32_t)l4_len);
	return ls_checksum_pseudo(data + IPV6_SOURCE, data + IPV6_DESTINATION, 16, protocol,
	                          (uint32_t)l4_len);
}

bool dp_packet_checksum_valid(const uint8_t *data, const struct packet *packet)
{
	const uint8_t *l4 = data + packet->ip_len;
	size_t l4_len = packet->len - packet->ip_len;
	uint64_t sum;

	assert(packet->header_len > packet->ip_len);
	if (packet->protocol == IPPROTO_UDP && dp_packet_get16(l4 + UDP_CHECKSUM) == 0)
		return packet->family == LS_FAMILY_V4;
	sum = dp_packet_pseudo_sum(data, packet->protocol, l4_len);
	return ls_checksum_fold(ls_checksum_add(sum, l4, l4_len)) == 0xffff;
}
