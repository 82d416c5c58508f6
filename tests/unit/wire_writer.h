/* SPDX-License-Identifier: Apache-2.0 */
/* A writer of messages for tests: the mirror of the reader in wire/cursor.h. */
#ifndef LS_TESTS_UNIT_WIRE_WRITER_H
#define LS_TESTS_UNIT_WIRE_WRITER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "wire/cursor.h"

struct ls_writer {
	uint8_t *start;
	uint8_t *p;
	uint8_t *end;
	bool bad;
};

static inline struct ls_writer ls_writer_of(void *data, size_t len)
{
	uint8_t *p = data;

	return (struct ls_writer){.start = p, .p = p, .end = p + len};
}

static inline size_t ls_writer_len(const struct ls_writer *w)
{
	return (size_t)(w->p - w->start);
}

/* Room for n bytes, NULL (and bad) when there is less. */
static inline uint8_t *ls_write_room(struct ls_writer *w, size_t n)
{
	uint8_t *at = w->p;

	if (w->bad || (size_t)(w->end - w->p) < n) {
		w->bad = true;
		return NULL;
	}
	w->p += n;
	return at;
}

static inline void ls_write_bytes(struct ls_writer *w, const void *data, size_t n)
{
	uint8_t *at = ls_write_room(w, n);

	if (at && n > 0)
		memcpy(at, data, n);
}

static inline void ls_write_u8(struct ls_writer *w, uint8_t v)
{
	ls_write_bytes(w, &v, 1);
}

static inline void ls_write_be16(struct ls_writer *w, uint16_t v)
{
	const struct ls_be16 ordered = ls_be16_of(v);

	ls_write_bytes(w, &ordered, sizeof(ordered));
}

static inline void ls_write_be32(struct ls_writer *w, uint32_t v)
{
	const struct ls_be32 ordered = ls_be32_of(v);

	ls_write_bytes(w, &ordered, sizeof(ordered));
}

#endif
