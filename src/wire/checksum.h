/* SPDX-License-Identifier: Apache-2.0 */
/* The Internet checksum (RFC 1071) and its pseudo headers (RFC 9293 3.1, RFC 8200 8.1); CRC-32. */
#ifndef LS_WIRE_CHECKSUM_H
#define LS_WIRE_CHECKSUM_H

#include <stddef.h>
#include <stdint.h>

/* Adds len bytes to an unfolded sum in host byte order; a last odd byte is padded with zero. */
uint64_t ls_checksum_add(uint64_t sum, const void *data, size_t len);
/* Folds a sum to 16 bits, without the complement, in the byte order in which a packet stores it. */
uint16_t ls_checksum_fold(uint64_t sum);
/* The sum of a pseudo header: addresses of addr_len (4 or 16) bytes, protocol and length of the
 * upper layer. */
uint64_t ls_checksum_pseudo(const void *src, const void *dst, size_t addr_len, uint8_t protocol,
                            uint32_t length);

/* CRC-32 of ITU V.42 and Ethernet; 0 for no bytes. Made for short messages. */
uint32_t ls_crc32(const void *data, size_t len);

#endif
