/* SPDX-License-Identifier: Apache-2.0 */
/* "Log it once, until it changes": remembers what was said last, and whether something is news. */
#ifndef LS_BASE_ONCE_H
#define LS_BASE_ONCE_H

#include <stdbool.h>
#include <stdint.h>

/* All zero: nothing was said. A value; whoever holds it owns it. */
struct ls_once {
	uint64_t said;
};

/* True when `what` (a code, a count, a flag) is not what was said last, and is to be said now. 0
 * stands for "there is nothing to say": false, and the next trouble is news again, the same too. */
bool ls_once_news(struct ls_once *once, int64_t what);
/* The same of a text; NULL or "" is nothing to say. Texts are told apart by a hash of 64 bits. */
bool ls_once_news_text(struct ls_once *once, const char *text);

#endif
