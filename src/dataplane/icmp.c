/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/icmp.h"

#include <assert.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <netinet/ip_icmp.h>
#include <stdbool.h>
#include <string.h>

#include "dataplane/packet.h"
#include "wire/checksum.h"

enum {
	ICMP_HEADER = 8, /* of both versions: type, code, checksum, four bytes unused */
	ICMP_CHECKSUM_AT = 2,
	ICMP_MTU_AT = 4,
	ANSWER_TTL = 64,
	IPV4_ANSWER_MAX = 576, /* RFC 1812 4.3.2.3 */
};

static bool may_answer_ipv4(const uint8_t *data, const struct packet *packet)
{
	const uint8_t *src = data + IPV4_SOURCE;
	const uint8_t *dst = data + IPV4_DESTINATION;
	uint8_t type;

	if (dp_packet_get16(data + IPV4_FRAGMENT) & IPV4_OFFSET_MASK)
		return false;
	/* 0.0.0.0/8, and 224.0.0.0/3 with the limited broadcast. */
	if (src[0] == 0 || src[0] >= 224 || dst[0] == 0 || dst[0] >= 224)
		return false;
	if (packet->protocol != IPPROTO_ICMP)
		return true;
	if (packet->len <= packet->ip_len)
		return false;
	/* RFC 1122 3.2.2: never answer an ICMP error. We answer only the queries. */
	type = data[packet->ip_len];
	return type == ICMP_ECHO || type == ICMP_ECHOREPLY || type == ICMP_TIMESTAMP ||
	       type == ICMP_TIMESTAMPREPLY;
}

static bool may_answer_ipv6(const uint8_t *data, const struct packet *packet)
{
	static const uint8_t unspecified[16];
	const uint8_t *src = data + IPV6_SOURCE;

	if (src[0] == 0xff || data[IPV6_DESTINATION] == 0xff ||
	    memcmp(src, unspecified, sizeof(unspecified)) == 0)
		return false;
	if (packet->protocol != IPPROTO_ICMPV6)
		return true;
	return packet->len > IPV6_HEADER && (data[IPV6_HEADER] & ICMP6_INFOMSG_MASK);
}

/* Appends the ICMP header and as much of the packet as fits into an answer of `max` bytes with an
 * IP header of ip_len bytes. Returns the answer's length. */
static size_t put_quote(uint8_t *answer, size_t ip_len, size_t max, const uint8_t *packet,
                        size_t packet_len)
{
	size_t room = max - ip_len - ICMP_HEADER;
	size_t quoted = packet_len < room ? packet_len : room;

	assert(ip_len + ICMP_HEADER < max);
	memset(answer + ip_len, 0, ICMP_HEADER);
	memcpy(answer + ip_len + ICMP_HEADER, packet, quoted);
	return ip_len + ICMP_HEADER + quoted;
}

static void put_icmp_checksum(uint8_t *icmp, size_t len, uint64_t sum)
{
	uint16_t checksum = (uint16_t)~ls_checksum_fold(ls_checksum_add(sum, icmp, len));

	memcpy(icmp + ICMP_CHECKSUM_AT, &checksum, sizeof(checksum));
}

/* `mtu` is 0: unreachable; else: too big. */
static size_t answer_ipv4(const uint8_t *data, const struct packet *packet,
                          const struct ls_ip *source, uint16_t mtu, uint8_t *answer)
{
	size_t len = put_quote(answer, IPV4_HEADER, IPV4_ANSWER_MAX, data, packet->len);
	uint8_t *icmp = answer + IPV4_HEADER;

	memset(answer, 0, IPV4_HEADER);
	answer[0] = 0x45;
	dp_packet_put16(answer + IPV4_TOTAL_LENGTH, (uint16_t)len);
	answer[IPV4_TTL] = ANSWER_TTL;
	answer[IPV4_PROTOCOL] = IPPROTO_ICMP;
	memcpy(answer + IPV4_SOURCE, source->b, 4);
	memcpy(answer + IPV4_DESTINATION, data + IPV4_SOURCE, 4);
	dp_packet_ipv4_checksum(answer, IPV4_HEADER);
	icmp[0] = ICMP_DEST_UNREACH;
	icmp[1] = mtu ? ICMP_FRAG_NEEDED : ICMP_HOST_UNREACH;
	dp_packet_put16(icmp + ICMP_MTU_AT + 2, mtu); /* RFC 1191 4 */
	put_icmp_checksum(icmp, len - IPV4_HEADER, 0);
	return len;
}

static size_t answer_ipv6(const uint8_t *data, const struct packet *packet,
                          const struct ls_ip *source, uint16_t mtu, uint8_t *answer)
{
	size_t len = put_quote(answer, IPV6_HEADER, ICMP_ANSWER_MAX, data, packet->len);
	uint8_t *icmp = answer + IPV6_HEADER;

	memset(answer, 0, IPV6_HEADER);
	answer[0] = 0x60;
	dp_packet_put16(answer + IPV6_PAYLOAD_LENGTH, (uint16_t)(len - IPV6_HEADER));
	answer[IPV6_NEXT_HEADER] = IPPROTO_ICMPV6;
	answer[IPV6_HOP_LIMIT] = ANSWER_TTL;
	memcpy(answer + IPV6_SOURCE, source->b, 16);
	memcpy(answer + IPV6_DESTINATION, data + IPV6_SOURCE, 16);
	icmp[0] = mtu ? ICMP6_PACKET_TOO_BIG : ICMP6_DST_UNREACH;
	icmp[1] = mtu ? 0 : ICMP6_DST_UNREACH_ADDR;
	dp_packet_put32(icmp + ICMP_MTU_AT, mtu);
	put_icmp_checksum(icmp, len - IPV6_HEADER,
	                  dp_packet_pseudo_sum(answer, IPPROTO_ICMPV6, len - IPV6_HEADER));
	return len;
}

static size_t answer(const uint8_t *packet, size_t len, const struct ls_ip *source, uint16_t mtu,
                     uint8_t *ret_answer)
{
	struct packet parsed;

	if (!dp_packet_parse(packet, len, &parsed))
		return 0;
	assert(source->family == parsed.family);
	if (parsed.family == LS_FAMILY_V4)
		return may_answer_ipv4(packet, &parsed)
		               ? answer_ipv4(packet, &parsed, source, mtu, ret_answer)
		               : 0;
	return may_answer_ipv6(packet, &parsed)
	               ? answer_ipv6(packet, &parsed, source, mtu, ret_answer)
	               : 0;
}

size_t dp_icmp_unreachable(const uint8_t *packet, size_t len, const struct ls_ip *source,
                           uint8_t ret_answer[static ICMP_ANSWER_MAX])
{
	return answer(packet, len, source, 0, ret_answer);
}

size_t dp_icmp_too_big(const uint8_t *packet, size_t len, const struct ls_ip *source, uint16_t mtu,
                       uint8_t ret_answer[static ICMP_ANSWER_MAX])
{
	assert(mtu > 0);
	return answer(packet, len, source, mtu, ret_answer);
}
