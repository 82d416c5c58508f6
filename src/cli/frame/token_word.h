/* SPDX-License-Identifier: Apache-2.0 */
/* Words of a command line that look like tokens. Of those that existing servers make, one in 64
 * begins with a dash: popt would take it for options, so that it gets it with a mark in front. */
#ifndef LS_CLI_FRAME_TOKEN_WORD_H
#define LS_CLI_FRAME_TOKEN_WORD_H

enum {
	TOKEN_WORD_SHOWN =
	        41, /* ids and commands fit; a token does not, even if it lost a character */
};

/* A malloced array of `argv`'s words, in which such tokens are malloced and marked. */
char **cli_token_words_mark(int argc, char **argv);
/* Wipes and frees what was malloced. */
void cli_token_words_free(char **marked, int argc, char *const *argv);
/* The word as it was. */
const char *cli_token_word_unmark(const char *word);

/* A word that is out of place, to be repeated in a message: not all of what may be a secret. */
const char *cli_token_word_shown(const char *word, char buf[static TOKEN_WORD_SHOWN]);

#endif
