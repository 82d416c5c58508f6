/* SPDX-License-Identifier: Apache-2.0 */
/* The headers of an IP packet inside the tunnel, as far as offloads and ICMP need them. */
#ifndef LS_DATAPLANE_PACKET_H
#define LS_DATAPLANE_PACKET_H

#include <endian.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "wire/ip.h"

/* Where fields stand (RFC 791 3.1, RFC 8200 3, RFC 9293 3.1, RFC 768). */
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
	IPV4_FRAGMENT_MASK = 0x3fff, /* more fragments, or an offset */
	PACKET_HEADERS_MAX = 120,    /* IPv4 with options and TCP with options */
};

struct packet {
	enum ls_family family;
	uint8_t protocol;    /* IPPROTO_TCP or IPPROTO_UDP when header_len is set, else as found */
	bool fragment;       /* part of a fragmented IPv4 packet */
	uint16_t ip_len;     /* IP header with IPv4 options, without IPv6 extension headers */
	uint16_t header_len; /* IP and TCP or UDP header; 0: the packet is opaque to us */
	size_t len;          /* all of it, as the IP header says */
};

/* False for what is no IP packet or is cut short; bytes behind the packet are allowed. */
bool dp_packet_parse(const uint8_t *data, size_t len, struct packet *ret);

/* The two ECN bits of an IP packet of at least 2 bytes. */
static inline uint8_t dp_packet_ecn(const uint8_t *data)
{
	if (data[0] >> 4 == 4)
		return data[IPV4_TOS] & PACKET_ECN_MASK;
	return (data[1] >> 4) & PACKET_ECN_MASK;
}

/* Merges the outer header's ECN into the decrypted packet (RFC 6040 4.2); false: drop it. The
 * packet was checked by dp_packet_parse. */
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

/* Writes the checksum of an IPv4 header of ip_len bytes. */
void dp_packet_ipv4_checksum(uint8_t *data, size_t ip_len);
/* The unfolded sum of the pseudo header of a packet whose upper layer has l4_len bytes. */
uint64_t dp_packet_pseudo_sum(const uint8_t *data, uint8_t protocol, size_t l4_len);
/* True when the TCP or UDP checksum of a packet with header_len set is right; UDP over IPv4
 * without one (RFC 768) counts as right. */
bool dp_packet_checksum_valid(const uint8_t *data, const struct packet *packet);

#endif
