/* SPDX-License-Identifier: Apache-2.0 */
/* Text for manual pages in mdoc(7). */
#ifndef LS_TOOLS_MDOC_H
#define LS_TOOLS_MDOC_H

#include <stdio.h>

#define MDOC_DATE "January 1, 2026" /* the same in every build: builds are reproducible */

/* Writes running text: each sentence on a line of its own, a full stop at the end, nothing taken
 * for markup. */
void mdoc_text(FILE *out, const char *text);
/* Writes one quoted argument of a macro. */
void mdoc_argument(FILE *out, const char *text);

#endif
