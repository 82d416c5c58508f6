/* SPDX-License-Identifier: Apache-2.0 */
/* The word that was meant by a misspelt one, out of those that there are. */
#ifndef LS_BASE_NEAREST_H
#define LS_BASE_NEAREST_H

#include <stddef.h>

struct ls_nearest {
	const char *word; /* what was typed */
	const char *best; /* what to suggest; NULL: nothing is near */
	size_t distance;  /* of the best so far */
};

void ls_nearest_init(struct ls_nearest *nearest, const char *word);
/* `meant` is what is suggested when the candidate is the nearest; borrowed. Case makes no
 * difference, and a word that was cut short counts as near. */
void ls_nearest_consider(struct ls_nearest *nearest, const char *candidate, const char *meant);

#endif
