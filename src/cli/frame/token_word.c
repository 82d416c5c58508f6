/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/frame/token_word.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "crypto/keys.h"

enum {
	TOKEN_LEN = 43,      /* 32 bytes in URL-safe base64; no option is as long */
	TOKEN_MARK = '\x1f', /* the parser accepts no argument with a control character */
};

static bool looks_like_token(const char *word)
{
	static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	                               "0123456789-_";

	return strlen(word) == TOKEN_LEN && word[strspn(word, alphabet)] == '\0';
}

const char *cli_token_word_shown(const char *word, char buf[static TOKEN_WORD_SHOWN])
{
	bool whole = strlen(word) < TOKEN_WORD_SHOWN;

	(void)snprintf(buf, TOKEN_WORD_SHOWN, whole ? "%s" : "%.8s..", word);
	return buf;
}

char **cli_token_words_mark(int argc, char **argv)
{
	char **marked = ls_try_array((size_t)argc + 1, sizeof(*marked));

	if (!marked)
		abort();
	for (int i = 0; i < argc; i++) {
		marked[i] = argv[i];
		if (argv[i][0] == '-' && looks_like_token(argv[i]) &&
		    asprintf(&marked[i], "%c%s", TOKEN_MARK, argv[i]) < 0)
			abort();
	}
	return marked;
}

void cli_token_words_free(char **marked, int argc, char *const *argv)
{
	for (int i = 0; i < argc; i++) {
		if (marked[i] != argv[i])
			key_free_string(marked[i]);
	}
	free(marked);
}

const char *cli_token_word_unmark(const char *word)
{
	return word[0] == TOKEN_MARK && looks_like_token(word + 1) ? word + 1 : word;
}
