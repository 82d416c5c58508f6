/* SPDX-License-Identifier: Apache-2.0 */
#include "base/nearest.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>

enum {
	WORD_MAX = 48, /* longer words are not compared */
};

static size_t min3(size_t a, size_t b, size_t c)
{
	size_t m = a < b ? a : b;

	return m < c ? m : c;
}

static bool same_letter(char a, char b)
{
	return tolower((unsigned char)a) == tolower((unsigned char)b);
}

/* Edit distance that also counts swaps of neighbours (optimal string alignment). */
static size_t edit_distance(const char *a, const char *b)
{
	size_t rows[3][WORD_MAX + 1];
	size_t la = strlen(a), lb = strlen(b);

	if (la > WORD_MAX || lb > WORD_MAX)
		return WORD_MAX;
	for (size_t j = 0; j <= lb; j++)
		rows[0][j] = j;
	for (size_t i = 1; i <= la; i++) {
		size_t *now = rows[i % 3];
		const size_t *above = rows[(i + 2) % 3];
		const size_t *above2 = rows[(i + 1) % 3];

		now[0] = i;
		for (size_t j = 1; j <= lb; j++) {
			size_t swap = WORD_MAX;

			if (i > 1 && j > 1 && same_letter(a[i - 1], b[j - 2]) &&
			    same_letter(a[i - 2], b[j - 1]))
				swap = above2[j - 2] + 1;
			now[j] = min3(above[j] + 1, now[j - 1] + 1,
			              above[j - 1] + !same_letter(a[i - 1], b[j - 1]));
			now[j] = swap < now[j] ? swap : now[j];
		}
	}
	return rows[la % 3][lb];
}

void ls_nearest_init(struct ls_nearest *nearest, const char *word)
{
	*nearest = (struct ls_nearest){.word = word, .distance = WORD_MAX};
}

void ls_nearest_consider(struct ls_nearest *nearest, const char *candidate, const char *meant)
{
	size_t distance = edit_distance(nearest->word, candidate);
	size_t len = strlen(nearest->word);

	/* A word that the user did not finish counts as near too. */
	if (len >= 3 && strncasecmp(candidate, nearest->word, len) == 0 && distance > 0)
		distance = 1;
	if (distance <= (len + 3) / 4 && distance < len && distance < nearest->distance) {
		nearest->distance = distance;
		nearest->best = meant;
	}
}
