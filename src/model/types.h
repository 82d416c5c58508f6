/* SPDX-License-Identifier: Apache-2.0 */
/* Value types that several messages share. They point into memory that somebody else owns. */
#ifndef LS_MODEL_TYPES_H
#define LS_MODEL_TYPES_H

#include <stddef.h>

struct string_list {
	const char *const *items; /* NULL when count is 0 */
	size_t count;
};

#endif
