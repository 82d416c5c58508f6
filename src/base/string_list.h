/* SPDX-License-Identifier: Apache-2.0 */
/* A list of texts. Somebody else owns the list and the texts. */
#ifndef LS_BASE_STRING_LIST_H
#define LS_BASE_STRING_LIST_H

#include <stddef.h>

struct string_list {
	const char *const *items; /* NULL when count is 0 */
	size_t count;
};

#endif
