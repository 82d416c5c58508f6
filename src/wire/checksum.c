/* SPDX-License-Identifier: Apache-2.0 */
/* Sums in native byte order, which RFC 1071 section 2(B) allows, eight bytes at a time. The CRC
 * takes half a byte at a time: that needs only a table of 64 bytes, and our messages are short. */
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

	/* Four independent sums, which the CPU can compute in parallel. */
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

uint32_t ls_crc32(const void *data, size_t len)
{
	/* The remainders of the 16 half bytes for the reflected polynomial 0xedb88320. */
	static const uint32_t remainders[16] = {
	        0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac, 0x76dc4190, 0x6b6b51f4,
	        0x4db26158, 0x5005713c, 0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c,
	        0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c,
	};
	const uint8_t *p = data;
	uint32_t crc = UINT32_MAX;

	for (size_t i = 0; i < len; i++) {
		crc ^= p[i];
		crc = (crc >> 4) ^ remainders[crc & 15];
		crc = (crc >> 4) ^ remainders[crc & 15];
	}
	return ~crc;
}
