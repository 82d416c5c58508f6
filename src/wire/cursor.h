/* SPDX-License-Identifier: Apache-2.0 */
/* A bounded reader of bytes, and integers in fixed byte order. Errors are sticky: after one, all
 * reads return zero, so a decoder checks only once, at its end. ls_reader_finished also requires
 * that no bytes are left. */
#ifndef LS_WIRE_CURSOR_H
#define LS_WIRE_CURSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Converts between the host's byte order and the wire's, in either direction. <endian.h> has
 * another name or is missing on some systems, so it is not used. */
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
#define LS_WIRE_ORDER_be(bits, v) (v)
#define LS_WIRE_ORDER_le(bits, v) __builtin_bswap##bits(v)
#else
#define LS_WIRE_ORDER_be(bits, v) __builtin_bswap##bits(v)
#define LS_WIRE_ORDER_le(bits, v) (v)
#endif

struct ls_reader {
	const uint8_t *p;
	const uint8_t *end;
	bool bad;
};

static inline struct ls_reader ls_reader_of(const void *data, size_t len)
{
	const uint8_t *p = data;

	return (struct ls_reader){.p = p, .end = p + len};
}

static inline size_t ls_reader_left(const struct ls_reader *r)
{
	return (size_t)(r->end - r->p);
}

/* True when all reads succeeded and no bytes are left. */
static inline bool ls_reader_finished(const struct ls_reader *r)
{
	return !r->bad && r->p == r->end;
}

/* The next n bytes, not copied; NULL, and `bad`, when fewer are left. */
static inline const uint8_t *ls_read_bytes(struct ls_reader *r, size_t n)
{
	const uint8_t *at = r->p;

	if (r->bad || ls_reader_left(r) < n) {
		r->bad = true;
		return NULL;
	}
	r->p += n;
	return at;
}

/* A reader over the next n bytes; `bad` when fewer are left. */
static inline struct ls_reader ls_read_sub(struct ls_reader *r, size_t n)
{
	const uint8_t *at = ls_read_bytes(r, n);

	return (struct ls_reader){.p = at, .end = at ? at + n : NULL, .bad = !at};
}

static inline uint8_t ls_read_u8(struct ls_reader *r)
{
	const uint8_t *at = ls_read_bytes(r, 1);

	return at ? *at : 0;
}

static inline uint16_t ls_read_be16(struct ls_reader *r)
{
	const uint8_t *at = ls_read_bytes(r, 2);
	uint16_t v = 0;

	if (at)
		memcpy(&v, at, sizeof(v));
	return LS_WIRE_ORDER_be(16, v);
}

static inline uint32_t ls_read_be32(struct ls_reader *r)
{
	const uint8_t *at = ls_read_bytes(r, 4);
	uint32_t v = 0;

	if (at)
		memcpy(&v, at, sizeof(v));
	return LS_WIRE_ORDER_be(32, v);
}

/* Little- and big-endian integers without alignment, for fixed formats. */
struct ls_le16 {
	uint8_t b[2];
};
struct ls_le32 {
	uint8_t b[4];
};
struct ls_le64 {
	uint8_t b[8];
};
struct ls_be16 {
	uint8_t b[2];
};
struct ls_be32 {
	uint8_t b[4];
};
struct ls_be64 {
	uint8_t b[8];
};

#define LS_WIRE_INT(order, bits)                                                                   \
	static inline uint##bits##_t ls_##order##bits##_get(struct ls_##order##bits x)             \
	{                                                                                          \
		uint##bits##_t v;                                                                  \
		memcpy(&v, x.b, sizeof(v));                                                        \
		return LS_WIRE_ORDER_##order(bits, v);                                             \
	}                                                                                          \
	static inline struct ls_##order##bits ls_##order##bits##_of(uint##bits##_t v)              \
	{                                                                                          \
		const uint##bits##_t ordered = LS_WIRE_ORDER_##order(bits, v);                     \
		struct ls_##order##bits x;                                                         \
		memcpy(x.b, &ordered, sizeof(ordered));                                            \
		return x;                                                                          \
	}
LS_WIRE_INT(le, 16)
LS_WIRE_INT(le, 32)
LS_WIRE_INT(le, 64)
LS_WIRE_INT(be, 16)
LS_WIRE_INT(be, 32)
LS_WIRE_INT(be, 64)
#undef LS_WIRE_INT

#endif
