/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/narrow.h"

#include <netinet/in.h>
#include <stdbool.h>

#include "base/clock.h"
#include "dataplane/packet.h"

enum {
	/* Sightings of one segment, at the times of TCP's retransmissions (about 0.2, 0.6, 1.4 and
	 * 3 s after it was sent; RFC 6298). */
	SEEN_ASK = 3,
	SEEN_TOO_BIG = 4,
};

#define APART_NS   (100 * LS_NS_PER_MS) /* what is sent again sooner is no retransmission timeout */
#define TOO_OLD_NS (120 * LS_NS_PER_S)

/* FNV-1a of addresses and ports; never 0. */
static uint64_t flow_id(const uint8_t *data, const struct packet *packet)
{
	size_t at = packet->family == LS_FAMILY_V4 ? IPV4_SOURCE : IPV6_SOURCE;
	size_t end = at + (packet->family == LS_FAMILY_V4 ? 8 : 32);
	uint64_t id = 0xcbf29ce484222325;

	for (size_t i = at; i < end; i++)
		id = (id ^ data[i]) * 0x100000001b3;
	for (size_t i = packet->ip_len; i < packet->ip_len + 4U; i++)
		id = (id ^ data[i]) * 0x100000001b3;
	return id ? id : 1;
}

static bool is_large(const uint8_t *data, size_t len, struct packet *ret)
{
	return len > NARROW_MTU_V4 && dp_packet_parse(data, len, ret) && ret->header_len != 0 &&
	       ret->protocol == IPPROTO_TCP &&
	       (ret->family == LS_FAMILY_V4 || ret->len > NARROW_MTU_V6);
}

enum narrow_advice dp_narrow_note(struct narrow *narrow, const uint8_t *packet, size_t len,
                                  uint64_t heard, uint64_t now_ns)
{
	struct narrow_flow *flow;
	struct packet parsed;
	uint32_t sequence;
	uint64_t id;

	if (!is_large(packet, len, &parsed))
		return NARROW_NOTHING;
	id = flow_id(packet, &parsed);
	sequence = dp_packet_get32(packet + parsed.ip_len + TCP_SEQUENCE);
	flow = &narrow->flows[id % NARROW_FLOWS];
	if (flow->id != id || flow->sequence != sequence || now_ns - flow->last_ns > TOO_OLD_NS) {
		*flow = (struct narrow_flow){.id = id,
		                             .heard = heard,
		                             .last_ns = now_ns,
		                             .sequence = sequence,
		                             .seen = 1};
		return NARROW_NOTHING;
	}
	if (now_ns - flow->last_ns < APART_NS)
		return NARROW_NOTHING;
	flow->last_ns = now_ns;
	if (flow->seen < SEEN_TOO_BIG)
		flow->seen++;
	if (flow->seen < SEEN_ASK)
		return NARROW_NOTHING;
	if (heard == flow->heard)
		return NARROW_ASK;
	return flow->seen == SEEN_TOO_BIG ? NARROW_TOO_BIG : NARROW_NOTHING;
}
