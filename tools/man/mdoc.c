/* SPDX-License-Identifier: Apache-2.0 */
#include "mdoc.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

enum {
	LINE_MAX_COLUMNS = 70, /* mandoc(1) warns beyond 80, and escapes need room */
};

static void put_character(FILE *out, char c)
{
	if (c == '\\')
		(void)fputs("\\e", out);
	else
		(void)fputc(c, out);
}

/* "word. Next" and "word.\nNext" end a sentence; "e.g. this" and "1.1" do not. */
static bool sentence_ends(const char *p)
{
	return *p == '.' && isspace((unsigned char)p[1]) && isupper((unsigned char)p[2]);
}

/* Writes a word so that nothing in it is markup: at the start of a line, when *column is 0, it must
 * not begin with a control character of mdoc. */
static void put_word(FILE *out, const char *word, size_t len, size_t *column)
{
	if (*column > 0 && *column + 1 + len > LINE_MAX_COLUMNS) {
		(void)fputc('\n', out);
		*column = 0;
	}
	if (*column > 0)
		(void)fputc(' ', out);
	else if (*word == '.' || *word == '\'')
		(void)fputs("\\&", out);
	for (size_t i = 0; i < len; i++)
		put_character(out, word[i]);
	*column += len + 1;
}

void mdoc_text(FILE *out, const char *text)
{
	size_t column = 0, end = strlen(text);

	while (*text) {
		size_t len;

		text += strspn(text, " \n");
		len = strcspn(text, " \n");
		put_word(out, text, len, &column);
		if (len > 0 && sentence_ends(text + len - 1)) {
			(void)fputc('\n', out);
			column = 0;
		}
		text += len;
	}
	(void)fputs(end > 0 && strchr(".:", text[-1]) ? "\n" : ".\n", out);
}

void mdoc_argument(FILE *out, const char *text)
{
	(void)fputc('"', out);
	for (; *text; text++) {
		if (*text == '"')
			(void)fputc('"', out); /* inside quotes, two stand for one */
		put_character(out, *text);
	}
	(void)fputc('"', out);
}
