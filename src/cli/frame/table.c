/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/frame/table.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/utf8.h"
#include "cli/frame/output.h"

struct cli_table {
	const char *const *headers;
	size_t columns;
	char **cells;
	size_t count;
	size_t cap;
};

struct cli_table *cli_table_new(const char *const *headers)
{
	struct cli_table *table = ls_new(struct cli_table);

	table->headers = headers;
	while (headers[table->columns])
		table->columns++;
	return table;
}

void cli_table_free(struct cli_table *table)
{
	if (!table)
		return;
	for (size_t i = 0; i < table->count; i++)
		free(table->cells[i]);
	free(table->cells);
	free(table);
}

static void add_owned(struct cli_table *table, char *text)
{
	if (ls_try_grow((void **)&table->cells, &table->cap, table->count + 1,
	                sizeof(*table->cells)) < 0)
		abort();
	ls_str_mask_control(text);
	table->cells[table->count++] = text;
}

void cli_table_cell(struct cli_table *table, const char *text)
{
	add_owned(table, ls_strdup(text && text[0] ? text : "-"));
}

void cli_table_cellf(struct cli_table *table, const char *fmt, ...)
{
	char *text = NULL;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vasprintf(&text, fmt, ap);
	va_end(ap);
	if (n < 0)
		abort();
	add_owned(table, text);
}

/* Counts code points: every cell is UTF-8. Wide and combining characters may misalign a column;
 * that is acceptable. */
static size_t text_width(const char *s)
{
	size_t width = 0;

	for (; *s; s++)
		width += ((unsigned char)*s & 0xc0) != 0x80;
	return width;
}

static const char *header_text(const struct cli_table *table, size_t column)
{
	return table->headers[column] + (table->headers[column][0] == '>');
}

static size_t column_width(const struct cli_table *table, size_t column)
{
	size_t width = text_width(header_text(table, column));

	for (size_t i = column; i < table->count; i += table->columns) {
		size_t cell = text_width(table->cells[i]);

		width = cell > width ? cell : width;
	}
	return width;
}

static void print_cell(const struct cli_table *table, FILE *out, size_t column, size_t width,
                       const char *text)
{
	int pad = (int)(width - text_width(text));

	if (column > 0)
		(void)fputs("  ", out);
	if (table->headers[column][0] == '>')
		(void)fprintf(out, "%*s%s", pad, "", text);
	else if (column + 1 < table->columns)
		(void)fprintf(out, "%s%*s", text, pad, "");
	else
		(void)fputs(text, out); /* no blanks at the end of a line */
}

void cli_table_print(const struct cli_table *table, FILE *out, const char *empty)
{
	size_t *widths;

	if (table->count == 0 || table->columns == 0) {
		(void)fprintf(out, "%s\n", empty);
		return;
	}
	widths = ls_try_array(table->columns, sizeof(*widths));
	if (!widths)
		abort();
	(void)fputs(cli_style(CLI_STYLE_HEADER), out);
	for (size_t column = 0; column < table->columns; column++) {
		widths[column] = column_width(table, column);
		print_cell(table, out, column, widths[column], header_text(table, column));
	}
	(void)fprintf(out, "%s\n", cli_style_end());
	for (size_t i = 0; i < table->count; i++) {
		size_t column = i % table->columns;

		print_cell(table, out, column, widths[column], table->cells[i]);
		if (column + 1 == table->columns)
			(void)fputc('\n', out);
	}
	free(widths);
}
