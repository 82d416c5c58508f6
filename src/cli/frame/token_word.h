/* SPDX-License-Identifier: Apache-2.0 */
/* Words of the command line that look like tokens. One in 64 tokens of v1 servers begins with a
 * dash, and popt would parse it as options. So such a token gets a mark in front before popt sees
 * it. */
#ifndef LS_CLI_FRAME_TOKEN_WORD_H
#define LS_CLI_FRAME_TOKEN_WORD_H

enum {
	TOKEN_WORD_SHOWN = 41, /* ids and commands fit; a token does not, not even without two of
	                          its characters */
};

/* Returns a malloced array of `argv`'s words. Tokens that begin with a dash are malloced copies
 * with the mark; the other words are borrowed. */
char **cli_token_words_mark(int argc, char **argv);
/* Wipes and frees what was malloced. */
void cli_token_words_free(char **marked, int argc, char *const *argv);
/* The word without the mark. */
const char *cli_token_word_unmark(const char *word);

/* Prepares an unexpected word for a message: cuts a long one, which may be a secret, to its first
 * characters. */
const char *cli_token_word_shown(const char *word, char buf[static TOKEN_WORD_SHOWN]);

#endif
