/* SPDX-License-Identifier: Apache-2.0 */
/* For messages that are logged once until they change: remembers the last one, and tells whether
 * the next one is new. */
#ifndef LS_BASE_ONCE_H
#define LS_BASE_ONCE_H

#include <stdbool.h>
#include <stdint.h>

/* A zeroed struct: nothing was logged yet. A plain value; its holder owns it. */
struct ls_once {
	uint64_t said;
};

/* True when `what` (a code, a count, a flag) differs from the last one and should be logged now. 0
 * means that there is nothing to log: returns false, and the next other value is new again, even
 * when it is the same as before. */
bool ls_once_news(struct ls_once *once, int64_t what);
/* The same for a text; NULL or "" means that there is nothing to log. Compares 64-bit hashes of the
 * texts. */
bool ls_once_news_text(struct ls_once *once, const char *text);

#endif
