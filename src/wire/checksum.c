/* SPDX-License-Identifier: Apache-2.0 */
/* Sums in native byte order, which RFC 1071 section 2(B) allows, eight bytes at a time. */
#include "wire/checksum.h"

#include <arpa/inet.h>
#include <string.h>

static uint64_t add_carry(uint64_t sum, uint64_t word)
{
	uint64_t result;

	return __builtin_add_overflow(sum, word, &result) ? result + 1 : result;
}

uint64_t ls_checksum_add(uint64_t sum, const void *data, size_t len)
{
	const uint8_t *p = data;
	uint64_t word[4];
	uint64_t lane[3] = {0};

	/* Four carry chains that do not wait for each other. */
	for (; len >= sizeof(word); p += sizeof(word), len -= sizeof(word)) {
		memcpy(word, p, sizeof(word));
		sum = add_carry(sum, word[0]);
		lane[0] = add_carry(lane[0], word[1]);
		lane[1] = add_carry(lane[1], word[2]);
		lane[2] = add_carry(lane[2], word[3]);
	}
	sum = add_carry(add_carry(sum, lane[0]), add_carry(lane[1], lane[2]));
	for (; len >= 8; p += 8, len -= 8) {
		memcpy(word, p, 8);
		sum = add_carry(sum, word[0]);
	}
	if (len > 0) {
		word[0] = 0;
		memcpy(word, p, len);
		sum = add_carry(sum, word[0]);
	}
	return sum;
}

uint16_t ls_checksum_fold(uint64_t sum)
{
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

uint64_t ls_checksum_pseudo(const void *src, const void *dst, size_t addr_len, uint8_t protocol,
                            uint32_t length)
{
	uint8_t tail[8] = {0};
	uint32_t be_length = htonl(length);
	uint64_t sum = ls_checksum_add(0, src, addr_len);

	sum = ls_checksum_add(sum, dst, addr_len);
	memcpy(tail, &be_length, 4);
	tail[7] = protocol;
	return ls_checksum_add(sum, tail, sizeof(tail));
}
