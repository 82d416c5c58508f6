/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/frame/complete.h"

#include <string.h>

#include "base/str.h"

void cli_complete_each_place(FILE *out, complete_place_fn *fn)
{
	fn(out, "", NULL);
	for (size_t i = 0; cli_groups[i].path; i++)
		fn(out, cli_groups[i].path, NULL);
	for (size_t i = 0; cli_commands[i]; i++)
		fn(out, cli_commands[i]->path, cli_commands[i]);
}

void cli_complete_each_child(FILE *out, const char *parent, complete_child_fn *fn)
{
	for (size_t i = 0; cli_commands[i]; i++) {
		const char *path = cli_commands[i]->path;

		if (cli_path_is_child(parent, path))
			fn(out, parent, cli_path_last(path), cli_commands[i]->summary);
	}
	for (size_t i = 0; cli_groups[i].path; i++) {
		if (cli_path_is_child(parent, cli_groups[i].path))
			fn(out, parent, cli_path_last(cli_groups[i].path), cli_groups[i].summary);
	}
}

void cli_complete_each_option(FILE *out, const char *path, const struct cli_command *command,
                              complete_option_fn *fn)
{
	const struct cli_option *own = command ? command->options : NULL;

	for (; own && own->name; own++)
		fn(out, path, own, false);
	for (const struct cli_option *global = cli_global_options; global->name; global++) {
		if (cli_option_find(command, global->name) == global)
			fn(out, path, global, true);
	}
}

const char *const *cli_complete_arguments(const struct cli_command *command)
{
	return command ? command->positionals[0].choices : NULL;
}

bool cli_complete_takes_file(const struct cli_option *option)
{
	return option->kind != CLI_FLAG && ls_streq(option->placeholder, "PATH");
}

void cli_complete_quote(FILE *out, const char *s)
{
	(void)fputc('\'', out);
	for (; *s; s++) {
		if (*s == '\'')
			(void)fputs("'\\''", out);
		else
			(void)fputc(*s, out);
	}
	(void)fputc('\'', out);
}

void cli_complete_words(FILE *out, const char *const *words, const char *separator)
{
	for (size_t i = 0; words && words[i]; i++)
		(void)fprintf(out, "%s%s", i > 0 ? separator : "", words[i]);
}
