/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <netinet/in.h>

#include "base/clock.h"
#include "dataplane/icmp.h"
#include "dataplane/narrow.h"
#include "dataplane/packet.h"
#include "wire/checksum.h"

static const struct ls_ip host_v4 = {.family = LS_FAMILY_V4, .b = {192, 0, 2, 7}};
static const struct ls_ip host_v6 = {.family = LS_FAMILY_V6, .b = {0xfd, [15] = 7}};

/* A packet of that protocol whose first upper-layer byte (the ICMP type) is `type`. */
static size_t make_ipv4(uint8_t *p, uint32_t src, uint32_t dst, uint8_t protocol, uint8_t type)
{
	memset(p, 0xab, 1500);
	memset(p, 0, IPV4_HEADER);
	p[0] = 0x45;
	dp_packet_put16(p + IPV4_TOTAL_LENGTH, 1500);
	p[IPV4_TTL] = 3;
	p[IPV4_PROTOCOL] = protocol;
	dp_packet_put32(p + IPV4_SOURCE, src);
	dp_packet_put32(p + IPV4_DESTINATION, dst);
	p[IPV4_HEADER] = type;
	return 1500;
}

static size_t make_ipv6(uint8_t *p, uint8_t src, uint8_t dst, uint8_t protocol, uint8_t type)
{
	memset(p, 0xab, 1500);
	memset(p, 0, IPV6_HEADER);
	p[0] = 0x60;
	dp_packet_put16(p + IPV6_PAYLOAD_LENGTH, 1500 - IPV6_HEADER);
	p[IPV6_NEXT_HEADER] = protocol;
	p[IPV6_SOURCE] = src;
	p[IPV6_DESTINATION] = dst;
	p[IPV6_DESTINATION + 15] = 9;
	p[IPV6_HEADER] = type;
	return 1500;
}

static void test_ipv4_answer(void **state)
{
	uint8_t p[1500], answer[ICMP_ANSWER_MAX];
	size_t len;

	(void)state;
	(void)make_ipv4(p, 0x0a000001, 0x0a000099, IPPROTO_UDP, 0);
	len = dp_icmp_unreachable(p, sizeof(p), &host_v4, answer);
	assert_int_equal(len, 576);
	assert_int_equal(answer[IPV4_PROTOCOL], IPPROTO_ICMP);
	assert_int_equal(dp_packet_get16(answer + IPV4_TOTAL_LENGTH), len);
	assert_int_equal(dp_packet_get32(answer + IPV4_SOURCE), 0xc0000207);
	assert_int_equal(dp_packet_get32(answer + IPV4_DESTINATION), 0x0a000001);
	assert_int_equal(answer[IPV4_HEADER], 3);
	assert_int_equal(answer[IPV4_HEADER + 1], 1);
	assert_memory_equal(answer + IPV4_HEADER + 8, p, len - IPV4_HEADER - 8);
	assert_int_equal(ls_checksum_fold(ls_checksum_add(0, answer, IPV4_HEADER)), 0xffff);
	assert_int_equal(
	        ls_checksum_fold(ls_checksum_add(0, answer + IPV4_HEADER, len - IPV4_HEADER)),
	        0xffff);
}

static void test_too_big(void **state)
{
	uint8_t p[1500], answer[ICMP_ANSWER_MAX];
	size_t len;

	(void)state;
	(void)make_ipv4(p, 0x0a000001, 0x0a000099, IPPROTO_TCP, 0);
	len = dp_icmp_too_big(p, sizeof(p), &host_v4, 1200, answer);
	assert_int_equal(answer[IPV4_HEADER], 3);
	assert_int_equal(answer[IPV4_HEADER + 1], 4);
	assert_int_equal(dp_packet_get32(answer + IPV4_HEADER + 4), 1200);
	assert_int_equal(
	        ls_checksum_fold(ls_checksum_add(0, answer + IPV4_HEADER, len - IPV4_HEADER)),
	        0xffff);
	(void)make_ipv6(p, 0xfd, 0xfd, IPPROTO_TCP, 0);
	len = dp_icmp_too_big(p, sizeof(p), &host_v6, 1280, answer);
	assert_int_equal(len, ICMP_ANSWER_MAX);
	assert_int_equal(answer[IPV6_HEADER], 2);
	assert_int_equal(answer[IPV6_HEADER + 1], 0);
	assert_int_equal(dp_packet_get32(answer + IPV6_HEADER + 4), 1280);
}

/* A segment of TCP with that sequence number; the header ends after 20 bytes. */
static size_t make_segment(uint8_t *p, bool v4, uint32_t sequence)
{
	size_t len = v4 ? make_ipv4(p, 0x0a000001, 0x0a000099, IPPROTO_TCP, 0)
	                : make_ipv6(p, 0xfd, 0xfd, IPPROTO_TCP, 0);
	uint8_t *tcp = p + (v4 ? IPV4_HEADER : IPV6_HEADER);

	dp_packet_put32(tcp + TCP_SEQUENCE, sequence);
	tcp[TCP_DATA_OFFSET] = 0x50;
	return len;
}

/* The segment is sent again after 0.2, 0.6, 1.4 and 3 s; what the peer sends decides. */
static void test_narrow(void **state)
{
	static const uint64_t at_ms[] = {0, 200, 600, 1400, 3000};
	static const struct {
		bool v4;
		bool moves;      /* the sequence number */
		uint64_t answer; /* bytes of the peer after it was asked */
		enum narrow_advice last;
	} cases[] = {
	        {true, false, 92, NARROW_TOO_BIG},
	        {false, false, 92, NARROW_TOO_BIG},
	        {true, false, 0, NARROW_ASK},
	        {true, true, 92, NARROW_NOTHING},
	};

	(void)state;
	for (size_t c = 0; c < sizeof(cases) / sizeof(cases[0]); c++) {
		struct narrow narrow = {0};
		enum narrow_advice advice = NARROW_NOTHING;
		uint64_t heard = 1000;
		uint8_t p[1500];

		for (size_t i = 0; i < sizeof(at_ms) / sizeof(at_ms[0]); i++) {
			size_t len =
			        make_segment(p, cases[c].v4, cases[c].moves ? 1 + (uint32_t)i : 1);

			if (advice == NARROW_ASK)
				heard = 1000 + cases[c].answer;
			advice = dp_narrow_note(&narrow, p, len, heard,
			                        (5000 + at_ms[i]) * LS_NS_PER_MS);
			/* A copy that comes at once is no retransmission. */
			assert_int_equal(dp_narrow_note(&narrow, p, len, heard,
			                                (5001 + at_ms[i]) * LS_NS_PER_MS),
			                 NARROW_NOTHING);
			assert_int_equal(advice == NARROW_ASK,
			                 !cases[c].moves && heard == 1000 && i >= 2);
		}
		assert_int_equal(advice, cases[c].last);
	}
}

/* Short segments, other protocols, and fragments say nothing. */
static void test_narrow_looks_at_large_tcp_only(void **state)
{
	struct narrow narrow = {0};
	uint8_t p[1500];

	(void)state;
	for (uint64_t i = 1; i < 10; i++) {
		uint64_t now = i * LS_NS_PER_S;
		size_t len = make_segment(p, false, 1);

		dp_packet_put16(p + IPV6_PAYLOAD_LENGTH, NARROW_MTU_V6 - IPV6_HEADER);
		assert_int_equal(dp_narrow_note(&narrow, p, NARROW_MTU_V6, i, now), 0);
		len = make_ipv4(p, 0x0a000001, 0x0a000099, IPPROTO_UDP, 0);
		assert_int_equal(dp_narrow_note(&narrow, p, len, i, now), 0);
		len = make_segment(p, true, 1);
		dp_packet_put16(p + IPV4_FRAGMENT, 0x2000);
		assert_int_equal(dp_narrow_note(&narrow, p, len, i, now), 0);
		assert_int_equal(dp_narrow_note(&narrow, p, 3, i, now), 0);
	}
}

static void test_ipv6_answer(void **state)
{
	uint8_t p[1500], answer[ICMP_ANSWER_MAX];
	size_t len;
	uint64_t sum;

	(void)state;
	(void)make_ipv6(p, 0xfd, 0xfc, IPPROTO_TCP, 0);
	len = dp_icmp_unreachable(p, sizeof(p), &host_v6, answer);
	assert_int_equal(len, 1280);
	assert_int_equal(answer[IPV6_NEXT_HEADER], IPPROTO_ICMPV6);
	assert_memory_equal(answer + IPV6_SOURCE, host_v6.b, 16);
	assert_memory_equal(answer + IPV6_DESTINATION, p + IPV6_SOURCE, 16);
	assert_int_equal(answer[IPV6_HEADER], 1);
	assert_int_equal(answer[IPV6_HEADER + 1], 3);
	sum = dp_packet_pseudo_sum(answer, IPPROTO_ICMPV6, len - IPV6_HEADER);
	sum = ls_checksum_add(sum, answer + IPV6_HEADER, len - IPV6_HEADER);
	assert_int_equal(ls_checksum_fold(sum), 0xffff);
}

static void test_ipv4_silence(void **state)
{
	static const struct {
		uint32_t src, dst;
		uint8_t protocol, type;
		uint16_t fragment;
		bool answered;
	} rows[] = {
	        {0x0a000001, 0x0a000002, IPPROTO_ICMP, 8, 0, true},
	        {0x0a000001, 0x0a000002, IPPROTO_ICMP, 3, 0, false},
	        {0x0a000001, 0x0a000002, IPPROTO_ICMP, 11, 0, false},
	        {0x0a000001, 0x0a000002, IPPROTO_ICMP, 5, 0, false},
	        {0x0a000001, 0xe0000001, IPPROTO_UDP, 0, 0, false},
	        {0x0a000001, 0xffffffff, IPPROTO_UDP, 0, 0, false},
	        {0x00000000, 0x0a000002, IPPROTO_UDP, 0, 0, false},
	        {0xe0000001, 0x0a000002, IPPROTO_UDP, 0, 0, false},
	        {0x0a000001, 0x0a000002, IPPROTO_UDP, 0, 0x2000, true},
	        {0x0a000001, 0x0a000002, IPPROTO_UDP, 0, 0x2001, false},
	};
	uint8_t p[1500], answer[ICMP_ANSWER_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		size_t len = make_ipv4(p, rows[i].src, rows[i].dst, rows[i].protocol, rows[i].type);

		dp_packet_put16(p + IPV4_FRAGMENT, rows[i].fragment);
		assert_int_equal(dp_icmp_unreachable(p, len, &host_v4, answer) > 0,
		                 rows[i].answered);
	}
	assert_int_equal(dp_icmp_unreachable(p, 0, &host_v4, answer), 0);
	assert_int_equal(dp_icmp_unreachable(p, 19, &host_v4, answer), 0);
}

static void test_ipv6_silence(void **state)
{
	static const struct {
		uint8_t src, dst, protocol, type;
		bool answered;
	} rows[] = {
	        {0xfd, 0xfc, IPPROTO_ICMPV6, 128, true},  {0xfd, 0xfc, IPPROTO_ICMPV6, 1, false},
	        {0xfd, 0xfc, IPPROTO_ICMPV6, 2, false},   {0xfd, 0xff, IPPROTO_UDP, 0, false},
	        {0xff, 0xfd, IPPROTO_UDP, 0, false},      {0x00, 0xfd, IPPROTO_UDP, 0, false},
	        {0xfd, 0xff, IPPROTO_ICMPV6, 133, false},
	};
	uint8_t p[1500], answer[ICMP_ANSWER_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		size_t len = make_ipv6(p, rows[i].src, rows[i].dst, rows[i].protocol, rows[i].type);

		assert_int_equal(dp_icmp_unreachable(p, len, &host_v6, answer) > 0,
		                 rows[i].answered);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_ipv4_answer),
	        cmocka_unit_test(test_ipv6_answer),
	        cmocka_unit_test(test_too_big),
	        cmocka_unit_test(test_narrow),
	        cmocka_unit_test(test_narrow_looks_at_large_tcp_only),
	        cmocka_unit_test(test_ipv4_silence),
	        cmocka_unit_test(test_ipv6_silence),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
