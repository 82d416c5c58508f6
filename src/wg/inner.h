/* SPDX-License-Identifier: Apache-2.0 */
/* The header fields of the packets inside a tunnel that the engine reads (RFC 791, RFC 8200). */
#ifndef LS_WG_INNER_H
#define LS_WG_INNER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wire/cursor.h"

enum {
	INNER_V4_HEADER = 20,
	INNER_V4_LENGTH = 2,
	INNER_V4_SRC = 12,
	INNER_V4_DST = 16,
	INNER_V6_HEADER = 40,
	INNER_V6_LENGTH = 4,
	INNER_V6_SRC = 8,
	INNER_V6_DST = 24,
};

static inline bool inner_is_v4(const uint8_t *packet, size_t len)
{
	return len >= INNER_V4_HEADER && packet[0] >> 4 == 4;
}

static inline bool inner_is_v6(const uint8_t *packet, size_t len)
{
	return len >= INNER_V6_HEADER && packet[0] >> 4 == 6;
}

static inline size_t inner_be16(const uint8_t *at)
{
	struct ls_be16 v = {{at[0], at[1]}};

	return ls_be16_get(v);
}

/* The packet's length, from its header. Bytes after it are padding. */
static inline size_t inner_v4_len(const uint8_t *packet)
{
	return inner_be16(packet + INNER_V4_LENGTH);
}

static inline size_t inner_v6_len(const uint8_t *packet)
{
	return inner_be16(packet + INNER_V6_LENGTH) + INNER_V6_HEADER;
}

#endif
