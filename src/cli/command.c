/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/command.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "base/str.h"

enum {
	WORD_MAX = 48, /* longer words are nobody's misspelling */
};

const struct cli_command *cli_command_find(const char *path)
{
	for (size_t i = 0; cli_commands[i]; i++) {
		if (ls_streq(cli_commands[i]->path, path))
			return cli_commands[i];
	}
	return NULL;
}

const struct cli_group *cli_group_find(const char *path)
{
	for (size_t i = 0; cli_groups[i].path; i++) {
		if (ls_streq(cli_groups[i].path, path))
			return &cli_groups[i];
	}
	return NULL;
}

bool cli_path_is_child(const char *parent, const char *path)
{
	size_t len = strlen(parent);

	if (len > 0) {
		if (strncmp(path, parent, len) != 0 || path[len] != ' ')
			return false;
		path += len + 1;
	}
	return !strchr(path, ' ');
}

static const struct cli_option *find_in(const struct cli_option *options, const char *name)
{
	for (; options && options->name; options++) {
		if (ls_streq(options->name, name))
			return options;
		if (options->alias && ls_streq(options->alias, name))
			return options;
	}
	return NULL;
}

const struct cli_option *cli_option_find(const struct cli_command *command, const char *name)
{
	const struct cli_option *found = find_in(command ? command->options : NULL, name);

	return found ? found : find_in(cli_global_options, name);
}

bool cli_option_is_known(const char *name)
{
	for (size_t i = 0; cli_commands[i]; i++) {
		if (find_in(cli_commands[i]->options, name))
			return true;
	}
	return false;
}

static size_t min3(size_t a, size_t b, size_t c)
{
	size_t m = a < b ? a : b;

	return m < c ? m : c;
}

static bool same_letter(char a, char b)
{
	return tolower((unsigned char)a) == tolower((unsigned char)b);
}

/* Edit distance with swaps of neighbours (optimal string alignment). */
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

struct nearest {
	const char *word; /* what was typed */
	const char *best; /* what to suggest */
	size_t distance;
};

/* `meant` is what is suggested when the candidate is the nearest. */
static void consider(struct nearest *nearest, const char *candidate, const char *meant)
{
	size_t distance = edit_distance(nearest->word, candidate);
	size_t len = strlen(nearest->word);

	/* A word that was cut short counts as near, too. */
	if (len >= 3 && strncasecmp(candidate, nearest->word, len) == 0 && distance > 0)
		distance = 1;
	if (distance <= (len + 3) / 4 && distance < len && distance < nearest->distance) {
		nearest->distance = distance;
		nearest->best = meant;
	}
}

static const char *last_word(const char *path)
{
	const char *blank = strrchr(path, ' ');

	return blank ? blank + 1 : path;
}

static void consider_path(struct nearest *nearest, const char *parent, const char *path)
{
	if (cli_path_is_child(parent, path))
		consider(nearest, last_word(path), path);
}

/* The one path that ends in `word`; NULL when there is none or several do. */
static const char *only_path_with(const char *word)
{
	const char *found = NULL;
	size_t count = 0;

	for (size_t i = 0; cli_groups[i].path; i++) {
		if (strcasecmp(last_word(cli_groups[i].path), word) == 0) {
			found = cli_groups[i].path;
			count++;
		}
	}
	for (size_t i = 0; cli_commands[i]; i++) {
		if (strcasecmp(last_word(cli_commands[i]->path), word) == 0) {
			found = cli_commands[i]->path;
			count++;
		}
	}
	return count == 1 ? found : NULL;
}

const char *cli_suggest_path(const char *parent, const char *word)
{
	struct nearest nearest = {.word = word, .distance = WORD_MAX};

	for (size_t i = 0; cli_commands[i]; i++)
		consider_path(&nearest, parent, cli_commands[i]->path);
	for (size_t i = 0; cli_groups[i].path; i++)
		consider_path(&nearest, parent, cli_groups[i].path);
	return nearest.best ? nearest.best : only_path_with(word);
}

static void consider_options(struct nearest *nearest, const struct cli_option *options)
{
	for (; options && options->name; options++) {
		consider(nearest, options->name, options->name);
		if (options->alias)
			consider(nearest, options->alias, options->alias);
	}
}

const char *cli_suggest_option(const struct cli_command *command, const char *word)
{
	struct nearest nearest = {.word = word, .distance = WORD_MAX};

	consider_options(&nearest, command ? command->options : NULL);
	consider_options(&nearest, cli_global_options);
	return nearest.best;
}

const char *cli_suggest_choice(const char *const *choices, const char *word)
{
	struct nearest nearest = {.word = word, .distance = WORD_MAX};

	for (size_t i = 0; choices[i]; i++)
		consider(&nearest, choices[i], choices[i]);
	return nearest.best;
}
