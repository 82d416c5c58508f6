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
	uint64_t word;

	for (; len >= 8; p += 8, len -= 8) {
		memcpy(&word, p, 8);
		sum = add_carry(sum, word);
	}
	if (len > 0) {
		word = 0;
		memcpy(&word, p, len);
		sum = add_carry(sum, word);
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
