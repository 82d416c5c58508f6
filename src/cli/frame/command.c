/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/frame/command.h"

#include <string.h>
#include <strings.h>

#include "base/nearest.h"
#include "base/str.h"

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

const char *cli_path_last(const char *path)
{
	const char *blank = strrchr(path, ' ');

	return blank ? blank + 1 : path;
}

static void consider_path(struct ls_nearest *nearest, const char *parent, const char *path)
{
	if (cli_path_is_child(parent, path))
		ls_nearest_consider(nearest, cli_path_last(path), path);
}

/* The path that ends in `word`; NULL when none or several do. */
static const char *only_path_with(const char *word)
{
	const char *found = NULL;
	size_t count = 0;

	for (size_t i = 0; cli_groups[i].path; i++) {
		if (strcasecmp(cli_path_last(cli_groups[i].path), word) == 0) {
			found = cli_groups[i].path;
			count++;
		}
	}
	for (size_t i = 0; cli_commands[i]; i++) {
		if (strcasecmp(cli_path_last(cli_commands[i]->path), word) == 0) {
			found = cli_commands[i]->path;
			count++;
		}
	}
	return count == 1 ? found : NULL;
}

const char *cli_suggest_path(const char *parent, const char *word)
{
	struct ls_nearest nearest;

	ls_nearest_init(&nearest, word);
	for (size_t i = 0; cli_commands[i]; i++)
		consider_path(&nearest, parent, cli_commands[i]->path);
	for (size_t i = 0; cli_groups[i].path; i++)
		consider_path(&nearest, parent, cli_groups[i].path);
	return nearest.best ? nearest.best : only_path_with(word);
}

static void consider_options(struct ls_nearest *nearest, const struct cli_option *options)
{
	for (; options && options->name; options++) {
		ls_nearest_consider(nearest, options->name, options->name);
		if (options->alias)
			ls_nearest_consider(nearest, options->alias, options->alias);
	}
}

const char *cli_suggest_option(const struct cli_command *command, const char *word)
{
	struct ls_nearest nearest;

	ls_nearest_init(&nearest, word);
	consider_options(&nearest, command ? command->options : NULL);
	consider_options(&nearest, cli_global_options);
	return nearest.best;
}

const char *cli_suggest_choice(const char *const *choices, const char *word)
{
	struct ls_nearest nearest;

	ls_nearest_init(&nearest, word);
	for (size_t i = 0; choices[i]; i++)
		ls_nearest_consider(&nearest, choices[i], choices[i]);
	return nearest.best;
}
