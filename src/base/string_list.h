/* SPDX-License-Identifier: Apache-2.0 */
/* A list of texts that somebody else owns. */
#ifndef LS_BASE_STRING_LIST_H
#define LS_BASE_STRING_LIST_H

#include <stddef.h>

struct string_list {
	const char *const *items; /* NULL when count is 0 */
	size_t count;
};

#endif
