/* SPDX-License-Identifier: Apache-2.0 */
/* Packets that a TUN or a peer may deliver: parsing, splitting, joining and answering must stay
 * within the bytes, and joining must lose no packet.
 *
 * Input: 10 bytes of virtio_net_hdr, then packets, each after two bytes with its length. The
 * splitter and the ICMP answers get everything after the header as one packet. */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "dataplane/coalesce.h"
#include "dataplane/gso_split.h"
#include "dataplane/icmp.h"
#include "dataplane/packet.h"
#include "tests/fuzz/fuzz.h"

static void check_split(const struct virtio_net_hdr *hdr, const uint8_t *data, size_t size)
{
	struct gso_split split;
	size_t payload = 0;

	if (dp_gso_split_init(&split, hdr, data, size) < 0)
		return;
	while (dp_gso_split_next_len(&split) > 0) {
		size_t len = dp_gso_split_next_len(&split);
		uint8_t *out = malloc(len);

		FUZZ_CHECK(out && len > split.header_len &&
		           len <= split.header_len + hdr->gso_size);
		dp_gso_split_next(&split, out);
		payload += len - split.header_len;
		free(out);
	}
	FUZZ_CHECK(payload == size - split.header_len);
}

static void check_whole(const struct virtio_net_hdr *hdr, const uint8_t *data, size_t size)
{
	uint8_t answer[ICMP_ANSWER_MAX];
	uint8_t *copy = malloc(size ? size : 1);
	const struct ls_ip source = {.family = size > 0 && data[0] >> 4 == 4 ? LS_FAMILY_V4
	                                                                     : LS_FAMILY_V6};
	size_t len = dp_icmp_unreachable(data, size, &source, answer);
	struct packet packet;

	FUZZ_CHECK(dp_packet_udp_payload(data, size) < (size ? size : 1));
	FUZZ_CHECK(copy && len <= sizeof(answer));
	FUZZ_CHECK(len == 0 || dp_packet_parse(answer, len, &packet));
	memcpy(copy, data, size);
	if (dp_gso_finish_checksum(hdr, copy, size) == 0 && dp_packet_parse(copy, size, &packet))
		(void)dp_packet_ecn_decapsulate(copy, PACKET_ECN_CE);
	free(copy);
}

static void check_join(uint8_t *data, size_t size)
{
	struct coalesce *c = calloc(1, sizeof(*c));
	struct iovec iov[COALESCE_IOV];
	uint8_t headers[PACKET_HEADERS_MAX];
	struct virtio_net_hdr hdr;
	size_t at = 0;
	size_t items = 0;

	FUZZ_CHECK(c != NULL);
	dp_coalesce_reset(c);
	c->tcp = c->udp = true;
	while (size - at >= 2 && !dp_coalesce_full(c)) {
		size_t len = dp_packet_get16(data + at);
		struct packet packet;

		at += 2;
		if (len > size - at)
			len = size - at;
		if (dp_packet_parse(data + at, len, &packet))
			dp_coalesce_add(c, data + at, &packet);
		at += len;
	}
	for (uint16_t i = 0; i < c->group_count; i++) {
		size_t n = dp_coalesce_super(c, &c->groups[i], &hdr, headers, iov);
		size_t len = 0;

		for (size_t j = 0; j < n; j++)
			len += iov[j].iov_len;
		FUZZ_CHECK(len == c->groups[i].len && len <= COALESCE_LEN_MAX);
		items += c->groups[i].count;
	}
	FUZZ_CHECK(items == c->item_count);
	free(c);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct virtio_net_hdr hdr;
	uint8_t *copy;

	if (size < sizeof(hdr))
		return 0;
	memcpy(&hdr, data, sizeof(hdr));
	data += sizeof(hdr);
	size -= sizeof(hdr);
	check_split(&hdr, data, size);
	check_whole(&hdr, data, size);
	copy = malloc(size ? size : 1);
	FUZZ_CHECK(copy != NULL);
	memcpy(copy, data, size);
	check_join(copy, size);
	free(copy);
	return 0;
}
