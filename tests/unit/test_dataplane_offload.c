/* SPDX-License-Identifier: Apache-2.0 */
/* Splitting and joining of super-packets: each is checked against checksums and against the
 * other. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>

#include "dataplane/coalesce.h"
#include "dataplane/gso_split.h"
#include "dataplane/packet.h"
#include "wire/checksum.h"

enum {
	BUF = 65536,
	SLOT = 2048,
	SLOTS = 64,
};

/* What a test packet is made from. */
struct recipe {
	uint8_t version;
	uint8_t protocol;
	uint8_t flags;
	uint8_t tos;
	uint16_t port; /* source port: the flow */
	uint16_t id;
	uint32_t seq;
	uint32_t ack;
	uint8_t options; /* bytes of IPv4 options */
	size_t payload;
};

static void put_l4_checksum(uint8_t *p, size_t ip_len, size_t len, uint8_t protocol)
{
	uint8_t *at =
	        p + ip_len + (protocol == IPPROTO_TCP ? (int)TCP_CHECKSUM : (int)UDP_CHECKSUM);
	uint64_t sum = dp_packet_pseudo_sum(p, protocol, len - ip_len);
	uint16_t checksum;

	memset(at, 0, 2);
	checksum = (uint16_t)~ls_checksum_fold(ls_checksum_add(sum, p + ip_len, len - ip_len));
	memcpy(at, &checksum, 2);
}

/* Writes a whole, right packet; payload bytes count on from the sequence number. */
static size_t make_packet(const struct recipe *r, uint8_t *p)
{
	size_t ip_len = r->version == 4 ? (size_t)IPV4_HEADER + r->options : (size_t)IPV6_HEADER;
	size_t l4_len = r->protocol == IPPROTO_TCP ? (size_t)TCP_HEADER + 12 : (size_t)UDP_HEADER;
	size_t len = ip_len + l4_len + r->payload;
	uint8_t *l4 = p + ip_len;

	memset(p, 0, ip_len + l4_len);
	if (r->version == 4) {
		p[0] = (uint8_t)(0x40 | ip_len / 4);
		memset(p + IPV4_HEADER, 1, r->options); /* no operation */
		p[IPV4_TOS] = r->tos;
		dp_packet_put16(p + IPV4_TOTAL_LENGTH, (uint16_t)len);
		dp_packet_put16(p + IPV4_ID, r->id);
		dp_packet_put16(p + IPV4_FRAGMENT, IPV4_DF);
		p[IPV4_TTL] = 64;
		p[IPV4_PROTOCOL] = r->protocol;
		dp_packet_put32(p + IPV4_SOURCE, 0x0a000001);
		dp_packet_put32(p + IPV4_DESTINATION, 0x0a000002);
		dp_packet_ipv4_checksum(p, ip_len);
	} else {
		p[0] = (uint8_t)(0x60 | r->tos >> 4);
		p[1] = (uint8_t)(r->tos << 4);
		dp_packet_put16(p + IPV6_PAYLOAD_LENGTH, (uint16_t)(len - IPV6_HEADER));
		p[IPV6_NEXT_HEADER] = r->protocol;
		p[IPV6_HOP_LIMIT] = 64;
		p[IPV6_SOURCE] = p[IPV6_DESTINATION] = 0xfd;
		p[IPV6_SOURCE + 15] = 1;
		p[IPV6_DESTINATION + 15] = 2;
	}
	dp_packet_put16(l4, r->port);
	dp_packet_put16(l4 + 2, 5201);
	if (r->protocol == IPPROTO_TCP) {
		dp_packet_put32(l4 + TCP_SEQUENCE, r->seq);
		dp_packet_put32(l4 + TCP_ACKNOWLEDGEMENT, r->ack);
		l4[TCP_DATA_OFFSET] = (uint8_t)(l4_len / 4 << 4);
		l4[TCP_FLAGS] = r->flags;
		dp_packet_put16(l4 + 14, 501);
		dp_packet_put32(l4 + TCP_HEADER, 0x0101080a); /* two NOPs, timestamps */
	} else {
		dp_packet_put16(l4 + UDP_LENGTH, (uint16_t)(l4_len + r->payload));
	}
	for (size_t i = 0; i < r->payload; i++)
		l4[l4_len + i] = (uint8_t)((r->seq + i) * 7 >> 2);
	put_l4_checksum(p, ip_len, len, r->protocol);
	return len;
}

/* The virtio header the kernel would give for the packet as a super-packet of that segment size. */
static struct virtio_net_hdr super_hdr(const struct recipe *r, uint16_t gso_size)
{
	bool tcp = r->protocol == IPPROTO_TCP;

	return (struct virtio_net_hdr){
	        .flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
	        .gso_type = !tcp              ? VIRTIO_NET_HDR_GSO_UDP_L4
	                    : r->version == 4 ? VIRTIO_NET_HDR_GSO_TCPV4
	                                      : VIRTIO_NET_HDR_GSO_TCPV6,
	        .hdr_len = 7, /* nonsense: must be ignored */
	        .gso_size = gso_size,
	        .csum_start = r->version == 4 ? IPV4_HEADER : IPV6_HEADER,
	        .csum_offset = tcp ? TCP_CHECKSUM : UDP_CHECKSUM,
	};
}

static const struct recipe flows[] = {
        {.version = 4, .protocol = IPPROTO_TCP, .flags = TCP_ACK, .port = 1, .seq = 0xfffff000},
        {.version = 6, .protocol = IPPROTO_TCP, .flags = TCP_ACK, .port = 2, .seq = 1000},
        {.version = 4, .protocol = IPPROTO_UDP, .port = 3},
        {.version = 6, .protocol = IPPROTO_UDP, .port = 4, .tos = 2},
};

static void assert_valid(const uint8_t *data, size_t len)
{
	struct packet packet;

	assert_true(dp_packet_parse(data, len, &packet));
	assert_int_equal(packet.len, len);
	assert_true(packet.header_len > 0);
	assert_true(dp_packet_checksum_valid(data, &packet));
	if (packet.family == LS_FAMILY_V4)
		assert_int_equal(ls_checksum_fold(ls_checksum_add(0, data, packet.ip_len)), 0xffff);
}

static void test_split_sizes(void **state)
{
	static const struct {
		size_t payload;
		uint16_t gso_size;
		size_t segments;
	} rows[] = {{1, 1, 1},         {1368, 1368, 1},   {1369, 1368, 2},   {2736, 1368, 2},
	            {64000, 1000, 64}, {65000, 1368, 48}, {64000, 500, 128}, {300, 1, 300}};
	uint8_t *packet = malloc(BUF);
	uint8_t out[SLOT];

	(void)state;
	for (size_t f = 0; f < 4; f++) {
		for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
			struct recipe r = flows[f];
			struct virtio_net_hdr hdr = super_hdr(&r, rows[i].gso_size);
			struct gso_split split;
			size_t len, n = 0, payload = 0;

			r.payload = rows[i].payload;
			len = make_packet(&r, packet);
			assert_int_equal(dp_gso_split_init(&split, &hdr, packet, len), 0);
			while (dp_gso_split_next_len(&split) > 0) {
				size_t segment = dp_gso_split_next_len(&split);

				dp_gso_split_next(&split, out);
				assert_valid(out, segment);
				assert_memory_equal(out + split.header_len,
				                    packet + split.header_len + payload,
				                    segment - split.header_len);
				payload += segment - split.header_len;
				n++;
			}
			assert_int_equal(n, rows[i].segments);
			assert_int_equal(payload, rows[i].payload);
		}
	}
	free(packet);
}

static void test_split_flags_and_ids(void **state)
{
	struct recipe r = flows[0];
	struct virtio_net_hdr hdr = super_hdr(&r, 1000);
	uint8_t packet[4096], out[SLOT];
	struct gso_split split;
	size_t len;

	(void)state;
	hdr.gso_type |= VIRTIO_NET_HDR_GSO_ECN;
	r.payload = 2500;
	r.id = 0xffff;
	r.flags = TCP_ACK | TCP_PSH | TCP_FIN | TCP_CWR;
	len = make_packet(&r, packet);
	assert_int_equal(dp_gso_split_init(&split, &hdr, packet, len), 0);
	for (uint16_t i = 0; i < 3; i++) {
		uint8_t flags = TCP_ACK;

		if (i == 0)
			flags |= TCP_CWR;
		if (i == 2)
			flags |= TCP_PSH | TCP_FIN;
		dp_gso_split_next(&split, out);
		assert_int_equal(out[IPV4_HEADER + TCP_FLAGS], flags);
		assert_int_equal(dp_packet_get16(out + IPV4_ID), (uint16_t)(0xffff + i));
		assert_int_equal(dp_packet_get32(out + IPV4_HEADER + TCP_SEQUENCE),
		                 (uint32_t)(r.seq + 1000U * i));
	}
	assert_int_equal(dp_gso_split_next_len(&split), 0);
}

static void test_split_refusals(void **state)
{
	const struct recipe *v4 = &flows[0];
	struct recipe r = *v4;
	uint8_t packet[4096];
	struct gso_split split;
	struct virtio_net_hdr hdr;
	size_t len;

	(void)state;
	r.payload = 2000;
	len = make_packet(&r, packet);
	hdr = super_hdr(&r, 0);
	assert_int_equal(dp_gso_split_init(&split, &hdr, packet, len), -EINVAL);
	hdr = super_hdr(&flows[1], 1000);
	assert_int_equal(dp_gso_split_init(&split, &hdr, packet, len), -EINVAL);
	hdr = super_hdr(&r, 1000);
	hdr.gso_type = VIRTIO_NET_HDR_GSO_UDP;
	assert_int_equal(dp_gso_split_init(&split, &hdr, packet, len), -EINVAL);
	hdr = super_hdr(&r, 1000);
	for (size_t cut = 0; cut <= IPV4_HEADER + TCP_HEADER + 12; cut++)
		assert_int_equal(dp_gso_split_init(&split, &hdr, packet, cut), -EINVAL);
	packet[IPV4_HEADER + TCP_DATA_OFFSET] = 0x40;
	assert_int_equal(dp_gso_split_init(&split, &hdr, packet, len), -EINVAL);
	packet[0] = 0x4f;
	assert_int_equal(dp_gso_split_init(&split, &hdr, packet, 50), -EINVAL);
	r = flows[1];
	r.payload = 100;
	len = make_packet(&r, packet);
	hdr = super_hdr(&r, 50);
	hdr.csum_start = 65535;
	assert_int_equal(dp_gso_split_init(&split, &hdr, packet, len), -EINVAL);
}

static void test_finish_checksum(void **state)
{
	(void)state;
	for (size_t f = 0; f < 4; f++) {
		struct recipe r = flows[f];
		struct virtio_net_hdr hdr = super_hdr(&r, 0);
		uint8_t packet[SLOT];
		uint16_t partial;
		size_t len, l4;

		r.payload = 333;
		len = make_packet(&r, packet);
		l4 = hdr.csum_start;
		partial = ls_checksum_fold(dp_packet_pseudo_sum(packet, r.protocol, len - l4));
		memcpy(packet + l4 + hdr.csum_offset, &partial, 2);
		hdr.gso_type = VIRTIO_NET_HDR_GSO_NONE;
		assert_int_equal(dp_gso_finish_checksum(&hdr, packet, len), 0);
		assert_valid(packet, len);
		assert_int_equal(dp_gso_finish_checksum(&hdr, packet, l4 + hdr.csum_offset + 1U),
		                 -EINVAL);
		hdr.csum_start = 65535;
		assert_int_equal(dp_gso_finish_checksum(&hdr, packet, len), -EINVAL);
	}
}

/* --- joining --- */

struct batch {
	struct coalesce c;
	uint8_t slots[SLOTS][SLOT];
	size_t n;
};

static void add(struct batch *b, const struct recipe *r)
{
	struct packet packet;
	size_t len = make_packet(r, b->slots[b->n]);

	assert_true(dp_packet_parse(b->slots[b->n], len, &packet));
	dp_coalesce_add(&b->c, b->slots[b->n], &packet);
	b->n++;
}

static struct batch *new_batch(void)
{
	struct batch *b = calloc(1, sizeof(*b));

	assert_non_null(b);
	dp_coalesce_reset(&b->c);
	b->c.tcp = b->c.udp = true;
	return b;
}

/* Puts a super-packet together and takes it apart again: what comes out are the packets that went
 * in, byte for byte. */
static void assert_round_trip(const struct batch *b, const struct coalesce_group *group)
{
	uint8_t *whole = malloc(BUF);
	uint8_t headers[PACKET_HEADERS_MAX], out[SLOT];
	struct iovec iov[COALESCE_IOV];
	struct virtio_net_hdr hdr;
	size_t n = dp_coalesce_super(&b->c, group, &hdr, headers, iov);
	size_t len = 0;
	struct gso_split split;
	uint16_t index = group->first;

	assert_non_null(whole);
	for (size_t i = 0; i < n; i++) {
		memcpy(whole + len, iov[i].iov_base, iov[i].iov_len);
		len += iov[i].iov_len;
	}
	assert_int_equal(len, group->len);
	if (group->count == 1) {
		assert_memory_equal(whole, b->c.items[index].data, len);
		free(whole);
		return;
	}
	assert_int_equal(dp_gso_split_init(&split, &hdr, whole, len), 0);
	for (uint16_t i = 0; i < group->count; i++) {
		size_t segment = dp_gso_split_next_len(&split);

		assert_int_equal(segment, b->c.items[index].packet.len);
		dp_gso_split_next(&split, out);
		assert_memory_equal(out, b->c.items[index].data, segment);
		index = b->c.items[index].next;
	}
	assert_int_equal(dp_gso_split_next_len(&split), 0);
	free(whole);
}

static void test_join_flows(void **state)
{
	(void)state;
	for (size_t f = 0; f < 4; f++) {
		struct batch *b = new_batch();
		struct recipe r = flows[f];

		for (uint16_t i = 0; i < 20; i++) {
			r.payload = i < 19 ? 1000 : 70;
			r.flags =
			        r.protocol == IPPROTO_TCP && i == 19 ? TCP_ACK | TCP_PSH : r.flags;
			r.id = i;
			add(b, &r);
			r.seq += (uint32_t)r.payload;
		}
		assert_int_equal(b->c.group_count, 1);
		assert_round_trip(b, &b->c.groups[0]);
		free(b);
	}
}

/* Interleaved flows join each for itself; the order within a flow stays. */
static void test_join_interleaved(void **state)
{
	struct batch *b = new_batch();
	struct recipe r[4];

	(void)state;
	memcpy(r, flows, sizeof(r));
	for (uint16_t i = 0; i < 10; i++) {
		for (size_t f = 0; f < 4; f++) {
			r[f].payload = 500;
			r[f].id = i;
			add(b, &r[f]);
			r[f].seq += 500;
		}
	}
	assert_int_equal(b->c.group_count, 4);
	for (size_t f = 0; f < 4; f++)
		assert_round_trip(b, &b->c.groups[f]);
	free(b);
}

/* Each row: two packets of one flow that differ in one thing, and whether they may join. */
static void test_join_conditions(void **state)
{
	static const struct {
		const char *what;
		size_t flow;
		struct recipe second; /* differences: seq and payload as given, the rest if not 0 */
		uint16_t groups;
	} rows[] = {
	        {"next", 0, {.seq = 100, .payload = 100}, 1},
	        {"shorter", 0, {.seq = 100, .payload = 99}, 1},
	        {"longer", 0, {.seq = 100, .payload = 101}, 2},
	        {"gap", 0, {.seq = 101, .payload = 100}, 2},
	        {"again", 0, {.seq = 0, .payload = 100}, 2},
	        {"ack differs", 0, {.seq = 100, .payload = 100, .ack = 9}, 2},
	        {"tos differs", 0, {.seq = 100, .payload = 100, .tos = 3}, 2},
	        {"traffic class differs", 1, {.seq = 100, .payload = 100, .tos = 3}, 2},
	        {"port differs", 0, {.seq = 100, .payload = 100, .port = 77}, 2},
	        {"fin", 0, {.seq = 100, .payload = 100, .flags = TCP_ACK | TCP_FIN}, 2},
	        {"cwr", 0, {.seq = 100, .payload = 100, .flags = TCP_ACK | TCP_CWR}, 2},
	        {"push", 0, {.seq = 100, .payload = 100, .flags = TCP_ACK | TCP_PSH}, 1},
	        {"pure ack", 0, {.seq = 100, .payload = 0}, 2},
	        {"udp", 2, {.payload = 100}, 1},
	        {"udp shorter", 3, {.payload = 1}, 1},
	        {"udp longer", 3, {.payload = 101}, 2},
	        {"udp empty", 2, {.payload = 0}, 2},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct batch *b = new_batch();
		struct recipe r = flows[rows[i].flow];
		const struct recipe *second = &rows[i].second;

		r.payload = 100;
		add(b, &r);
		r.id++;
		r.seq += second->seq;
		r.payload = second->payload;
		r.ack = second->ack;
		r.tos = second->tos ? second->tos : r.tos;
		r.port = second->port ? second->port : r.port;
		r.flags = second->flags ? second->flags : r.flags;
		add(b, &r);
		if (b->c.group_count != rows[i].groups)
			fail_msg("%s: %u groups", rows[i].what, b->c.group_count);
		for (size_t g = 0; g < b->c.group_count; g++)
			assert_round_trip(b, &b->c.groups[g]);
		free(b);
	}
}

static void test_join_stops(void **state)
{
	struct batch *b = new_batch();
	struct recipe r = flows[0];

	(void)state;
	/* A short packet ends a group: the next one starts another, which then goes on. */
	for (uint16_t i = 0; i < 4; i++) {
		r.payload = i == 1 ? 50 : 100;
		r.id = i;
		add(b, &r);
		r.seq += (uint32_t)r.payload;
	}
	assert_int_equal(b->c.group_count, 2);
	assert_int_equal(b->c.groups[0].count, 2);
	assert_int_equal(b->c.groups[1].count, 2);
	/* A retransmission between: what follows must not overtake it. */
	r.seq -= 100;
	r.payload = 100;
	add(b, &r);
	r.seq += 100;
	add(b, &r);
	assert_int_equal(b->c.group_count, 3);
	assert_int_equal(b->c.groups[2].count, 2);
	free(b);
}

static void test_join_refuses_bad_checksums(void **state)
{
	struct batch *b = new_batch();
	struct recipe r = flows[0];
	struct packet packet;

	(void)state;
	r.payload = 100;
	add(b, &r);
	r.seq += 100;
	for (int broken = 0; broken < 2; broken++) {
		uint8_t *p = b->slots[b->n++];
		size_t len = make_packet(&r, p);

		p[broken ? len - 1 : IPV4_CHECKSUM] ^= 1;
		assert_true(dp_packet_parse(p, len, &packet));
		dp_coalesce_add(&b->c, p, &packet);
	}
	assert_int_equal(b->c.group_count, 3);
	free(b);
}

static void test_join_fragment_is_a_barrier(void **state)
{
	struct batch *b = new_batch();
	struct recipe r = flows[2];
	struct packet packet;
	uint8_t *p;
	size_t len;

	(void)state;
	r.payload = 100;
	add(b, &r);
	p = b->slots[b->n++];
	len = make_packet(&r, p);
	dp_packet_put16(p + IPV4_FRAGMENT, 0x2000);
	dp_packet_ipv4_checksum(p, IPV4_HEADER);
	assert_true(dp_packet_parse(p, len, &packet));
	assert_int_equal(packet.header_len, 0);
	dp_coalesce_add(&b->c, p, &packet);
	add(b, &r);
	add(b, &r);
	assert_int_equal(b->c.group_count, 3);
	assert_int_equal(b->c.groups[2].count, 2);
	free(b);
}

/* A packet with IP options belongs to the same flow: none of those after it may overtake it. */
static void test_join_keeps_order_around_options(void **state)
{
	(void)state;
	for (size_t f = 0; f < 4; f += 2) {
		struct batch *b = new_batch();
		struct recipe r = flows[f];

		r.payload = 100;
		for (uint16_t i = 0; i < 4; i++) {
			r.id = i;
			r.options = i == 1 ? 8 : 0;
			add(b, &r);
			r.seq += 100;
		}
		assert_int_equal(b->c.group_count, 3);
		for (uint16_t g = 0; g < 3; g++)
			assert_int_equal(b->c.groups[g].first, g);
		assert_int_equal(b->c.groups[2].count, 2);
		for (uint16_t g = 0; g < 3; g++)
			assert_round_trip(b, &b->c.groups[g]);
		free(b);
	}
}

static void test_join_switches(void **state)
{
	(void)state;
	for (size_t f = 0; f < 4; f++) {
		for (int on = 0; on < 4; on++) {
			struct batch *b = new_batch();
			struct recipe r = flows[f];
			bool joined = r.protocol == IPPROTO_TCP ? on & 1 : on & 2;

			b->c.tcp = on & 1;
			b->c.udp = on & 2;
			r.payload = 10;
			add(b, &r);
			r.seq += 10;
			add(b, &r);
			assert_int_equal(b->c.group_count, joined ? 1 : 2);
			free(b);
		}
	}
}

static void test_join_length_limit(void **state)
{
	struct batch *b = new_batch();
	struct recipe r = flows[1];

	(void)state;
	for (int i = 0; i < 60; i++) {
		r.payload = 1400;
		add(b, &r);
		r.seq += 1400;
	}
	assert_int_equal(b->c.group_count, 2);
	assert_int_equal(b->c.groups[0].count, (65535 - 72) / 1400);
	assert_round_trip(b, &b->c.groups[0]);
	assert_round_trip(b, &b->c.groups[1]);
	free(b);
}

static void test_parse_refusals(void **state)
{
	struct recipe r = flows[0];
	uint8_t p[SLOT];
	struct packet packet;
	size_t len;

	(void)state;
	r.payload = 40;
	len = make_packet(&r, p);
	for (size_t cut = 0; cut < len; cut++)
		assert_false(dp_packet_parse(p, cut, &packet));
	assert_true(dp_packet_parse(p, len + 9, &packet));
	assert_int_equal(packet.len, len);
	p[IPV4_HEADER + TCP_DATA_OFFSET] = 0xf0;
	assert_true(dp_packet_parse(p, len, &packet));
	p[IPV4_HEADER + TCP_DATA_OFFSET] = 0x40;
	assert_true(dp_packet_parse(p, len, &packet));
	assert_int_equal(packet.header_len, 0);
	p[0] = 0x44;
	assert_false(dp_packet_parse(p, len, &packet));
	p[0] = 0x55;
	assert_false(dp_packet_parse(p, len, &packet));
	len = make_packet(&flows[3], p);
	for (size_t cut = 0; cut < len; cut++)
		assert_false(dp_packet_parse(p, cut, &packet));
}

static void test_ecn(void **state)
{
	static const struct {
		uint8_t outer;
		uint8_t inner;
		int want; /* -1: dropped */
	} rows[] = {{0, 0, 0}, {0, 1, 1}, {1, 2, 2}, {2, 3, 3},
	            {3, 1, 3}, {3, 2, 3}, {3, 3, 3}, {3, 0, -1}};

	(void)state;
	for (size_t f = 0; f < 2; f++) {
		for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
			struct recipe r = flows[f];
			uint8_t p[SLOT];
			size_t len;

			r.tos = rows[i].inner;
			len = make_packet(&r, p);
			assert_int_equal(dp_packet_ecn(p), rows[i].inner);
			assert_int_equal(dp_packet_ecn_decapsulate(p, rows[i].outer),
			                 rows[i].want >= 0);
			if (rows[i].want >= 0)
				assert_int_equal(dp_packet_ecn(p), rows[i].want);
			assert_valid(p, len);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_split_sizes),
	        cmocka_unit_test(test_split_flags_and_ids),
	        cmocka_unit_test(test_split_refusals),
	        cmocka_unit_test(test_finish_checksum),
	        cmocka_unit_test(test_join_flows),
	        cmocka_unit_test(test_join_interleaved),
	        cmocka_unit_test(test_join_conditions),
	        cmocka_unit_test(test_join_stops),
	        cmocka_unit_test(test_join_refuses_bad_checksums),
	        cmocka_unit_test(test_join_fragment_is_a_barrier),
	        cmocka_unit_test(test_join_keeps_order_around_options),
	        cmocka_unit_test(test_join_switches),
	        cmocka_unit_test(test_join_length_limit),
	        cmocka_unit_test(test_parse_refusals),
	        cmocka_unit_test(test_ecn),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
