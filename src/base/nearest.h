/* SPDX-License-Identifier: Apache-2.0 */
/* Finds which of the known words a misspelt word was meant to be. */
#ifndef LS_BASE_NEAREST_H
#define LS_BASE_NEAREST_H

#include <stddef.h>

struct ls_nearest {
	const char *word; /* what the user typed */
	const char *best; /* the suggestion; NULL: no word is near */
	size_t distance;  /* distance of the nearest candidate so far */
};

void ls_nearest_init(struct ls_nearest *nearest, const char *word);
/* `meant` (borrowed) is the suggestion if this candidate is the nearest. Ignores case. A candidate
 * that begins with the typed word counts as near. */
void ls_nearest_consider(struct ls_nearest *nearest, const char *candidate, const char *meant);

#endif
