/* SPDX-License-Identifier: Apache-2.0 */
/* The headers of the IP packets in the tunnel, as far as offloads and ICMP need them. */
#ifndef LS_DATAPLANE_PACKET_H
#define LS_DATAPLANE_PACKET_H

#include <endian.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "wire/ip.h"

/* Offsets of fields */
enum packet_offset {
	IPV4_TOS = 1,
	IPV4_TOTAL_LENGTH = 2,
	IPV4_ID = 4,
	IPV4_FRAGMENT = 6,
	IPV4_TTL = 8,
	IPV4_PROTOCOL = 9,
	IPV4_CHECKSUM = 10,
	IPV4_SOURCE = 12,
	IPV4_DESTINATION = 16,
	IPV4_HEADER = 20, /* without options */
	IPV6_PAYLOAD_LENGTH = 4,
	IPV6_NEXT_HEADER = 6,
	IPV6_HOP_LIMIT = 7,
	IPV6_SOURCE = 8,
	IPV6_DESTINATION = 24,
	IPV6_HEADER = 40,
	IPV6_FRAGMENT_OFFSET = 2,
	IPV6_FRAGMENT_HEADER = 8,
	TCP_SEQUENCE = 4,
	TCP_ACKNOWLEDGEMENT = 8,
	TCP_DATA_OFFSET = 12,
	TCP_FLAGS = 13,
	TCP_CHECKSUM = 16,
	TCP_HEADER = 20, /* without options */
	UDP_LENGTH = 4,
	UDP_CHECKSUM = 6,
	UDP_HEADER = 8,
};

enum packet_tcp_flag {
	TCP_FIN = 0x01,
	TCP_PSH = 0x08,
	TCP_ACK = 0x10,
	TCP_CWR = 0x80,
};

/* The two ECN bits of TOS and traffic class (RFC 3168 5). */
enum packet_ecn {
	PACKET_ECN_NOT_ECT = 0,
	PACKET_ECN_ECT1 = 1,
	PACKET_ECN_ECT0 = 2,
	PACKET_ECN_CE = 3,
	PACKET_ECN_MASK = 3,
};

enum {
	IPV4_DF = 0x4000,
	IPV4_FRAGMENT_MASK = 0x3fff, /* the flag "more fragments" and the offset */
	IPV4_OFFSET_MASK = 0x1fff,
	IPV6_OFFSET_MASK = 0xfff8,
	PACKET_HEADERS_MAX = 120, /* IPv4 and TCP, both with all options */
};

struct packet {
	enum ls_family family;
	uint8_t protocol;    /* IPPROTO_TCP or IPPROTO_UDP when header_len is set, else any */
	bool fragment;       /* part of a fragmented IPv4 packet */
	uint16_t ip_len;     /* the IP header with IPv4 options, without IPv6 extension headers */
	uint16_t header_len; /* IP header and TCP or UDP header; 0: neither TCP nor UDP */
	size_t len;          /* whole packet, according to the IP header */
};

/* False when the bytes are no IP packet, or an incomplete one. Bytes after the packet are
 * allowed. */
bool dp_packet_parse(const uint8_t *data, size_t len, struct packet *ret);

/* The two ECN bits of an IP packet of at least 2 bytes. */
static inline uint8_t dp_packet_ecn(const uint8_t *data)
{
	if (data[0] >> 4 == 4)
		return data[IPV4_TOS] & PACKET_ECN_MASK;
	return (data[1] >> 4) & PACKET_ECN_MASK;
}

/* Merges the outer header's ECN into the decrypted packet (RFC 6040 4.2); false: drop the packet.
 * dp_packet_parse must have accepted it. */
bool dp_packet_ecn_decapsulate(uint8_t *data, uint8_t outer_ecn);

/* Unaligned big-endian fields. */
static inline uint16_t dp_packet_get16(const uint8_t *at)
{
	uint16_t value;

	memcpy(&value, at, sizeof(value));
	return be16toh(value);
}

static inline uint32_t dp_packet_get32(const uint8_t *at)
{
	uint32_t value;

	memcpy(&value, at, sizeof(value));
	return be32toh(value);
}

static inline void dp_packet_put16(uint8_t *at, uint16_t value)
{
	value = htobe16(value);
	memcpy(at, &value, sizeof(value));
}

static inline void dp_packet_put32(uint8_t *at, uint32_t value)
{
	value = htobe32(value);
	memcpy(at, &value, sizeof(value));
}

/* Where the payload of a UDP packet begins, or of the first fragment of one; 0 for any other
 * packet. Of IPv6 extension headers it knows only that of a fragment. */
static inline size_t dp_packet_udp_payload(const uint8_t *data, size_t len)
{
	size_t at;

	if (len < IPV6_HEADER) /* no WireGuard message is this short */
		return 0;
	if (data[0] >> 4 == 4) {
		at = (size_t)(data[0] & 0x0f) * 4;
		if (data[IPV4_PROTOCOL] != IPPROTO_UDP ||
		    (dp_packet_get16(data + IPV4_FRAGMENT) & IPV4_OFFSET_MASK) != 0)
			return 0;
	} else {
		at = IPV6_HEADER;
		if (data[IPV6_NEXT_HEADER] == IPPROTO_FRAGMENT &&
		    len >= IPV6_HEADER + IPV6_FRAGMENT_HEADER && data[at] == IPPROTO_UDP &&
		    (dp_packet_get16(data + at + IPV6_FRAGMENT_OFFSET) & IPV6_OFFSET_MASK) == 0)
			at += IPV6_FRAGMENT_HEADER;
		else if (data[IPV6_NEXT_HEADER] != IPPROTO_UDP)
			return 0;
	}
	return at + UDP_HEADER < len ? at + UDP_HEADER : 0;
}

/* The source port of a packet for which that is not 0; else 0. */
static inline uint16_t dp_packet_udp_source(const uint8_t *data, size_t len)
{
	size_t payload = dp_packet_udp_payload(data, len);

	return payload == 0 ? 0 : dp_packet_get16(data + payload - UDP_HEADER);
}

/* Writes the checksum of an IPv4 header of ip_len bytes. */
void dp_packet_ipv4_checksum(uint8_t *data, size_t ip_len);
/* The unfolded sum of the pseudo header of a packet whose upper layer has l4_len bytes. */
uint64_t dp_packet_pseudo_sum(const uint8_t *data, uint8_t protocol, size_t l4_len);
/* True when the TCP or UDP checksum of a packet with header_len set is right, or when it is UDP
 * over IPv4 without a checksum (RFC 768). */
bool dp_packet_checksum_valid(const uint8_t *data, const struct packet *packet);

#endif
