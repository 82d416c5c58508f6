/* SPDX-License-Identifier: Apache-2.0 */
/* A table of text with aligned columns. */
#ifndef LS_CLI_FRAME_TABLE_H
#define LS_CLI_FRAME_TABLE_H

#include <stddef.h>
#include <stdio.h>

#include "base/error.h"

struct cli_table;

/* `headers` ends with NULL and outlives the table; a header that starts with '>' makes its column
 * right-aligned. */
struct cli_table *cli_table_new(const char *const *headers);
void cli_table_free(struct cli_table *table);

/* Adds the next cell, row by row; a row is complete when each column has a cell. "" and NULL show
 * as "-". Control characters are masked. */
void cli_table_cell(struct cli_table *table, const char *text);
void cli_table_cellf(struct cli_table *table, const char *fmt, ...) LS_PRINTF(2, 3);

/* Prints headers and rows, or `empty` when there is no row. */
void cli_table_print(const struct cli_table *table, FILE *out, const char *empty);

#endif
