/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/frame/help.h"

#include <string.h>

#include "base/str.h"

enum {
	LABEL_MAX = 40,   /* wider labels get a line of their own */
	LABEL_TEXT = 128, /* buffer size */
	HELP_WIDTH = 100, /* columns */
};

static void option_label(const struct cli_option *option, char buf[static LABEL_TEXT])
{
	char shorts[8] = "";

	if (option->short_name)
		(void)snprintf(shorts, sizeof(shorts), "-%c, ", option->short_name);
	(void)snprintf(buf, LABEL_TEXT, "%s--%s%s%s%s", shorts, option->name,
	               option->kind == CLI_FLAG ? "" : " ",
	               option->kind == CLI_FLAG ? "" : option->placeholder,
	               option->repeatable && option->kind != CLI_FLAG ? "[,..]" : "");
}

static void add_choices(const char *const *choices, struct ls_buf *buf)
{
	for (size_t i = 0; choices && choices[i]; i++) {
		ls_buf_puts(buf, i == 0 ? ": " : ", ");
		ls_buf_puts(buf, choices[i]);
	}
}

void cli_help_positional(const struct cli_positional *positional, struct ls_buf *buf)
{
	ls_buf_puts(buf, positional->help);
	add_choices(positional->choices, buf);
}

void cli_help_option(const struct cli_option *option, struct ls_buf *buf)
{
	ls_buf_puts(buf, option->help);
	add_choices(option->choices, buf);
	if (option->repeatable && option->kind != CLI_FLAG)
		ls_buf_puts(buf, "; may be given again");
	if (option->alias)
		ls_buf_printf(buf, "; also --%s", option->alias);
	if (option->default_help)
		ls_buf_printf(buf, " (default: %s)", option->default_help);
	else if (option->default_value)
		ls_buf_printf(buf, " (default: %s)", option->default_value);
}

/* Prints two columns; the right one wraps at blanks. */
static void print_row(FILE *out, size_t width, const char *label, const char *text)
{
	size_t room = HELP_WIDTH - width - 4;
	size_t pad = strlen(label) > width ? 0 : width - strlen(label);

	(void)fputs("  ", out);
	(void)fputs(label, out);
	if (strlen(label) > width) {
		(void)fputc('\n', out);
		pad = width + 2;
	}
	while (*text) {
		size_t len = strlen(text);

		if (len > room) {
			for (len = room; len > 0 && text[len] != ' '; len--)
				;
			if (len == 0)
				len = room;
		}
		(void)fprintf(out, "%*s  %.*s\n", (int)pad, "", (int)len, text);
		text += len;
		text += strspn(text, " ");
		pad = width + 2;
	}
}

static size_t widen(size_t width, size_t len)
{
	return len > width && len <= LABEL_MAX ? len : width;
}

static void print_options(FILE *out, const char *title, const struct cli_option *options)
{
	char label[LABEL_TEXT];
	size_t width = 0;

	if (!options || !options->name)
		return;
	(void)fprintf(out, "\n%s:\n", title);
	for (size_t i = 0; options[i].name; i++) {
		option_label(&options[i], label);
		width = widen(width, strlen(label));
	}
	for (size_t i = 0; options[i].name; i++) {
		struct ls_buf text = {0};

		option_label(&options[i], label);
		cli_help_option(&options[i], &text);
		print_row(out, width, label, ls_buf_text(&text) ? ls_buf_text(&text) : "");
		ls_buf_done(&text);
	}
}

static const char *below(const char *parent, const char *path)
{
	return path + strlen(parent) + (parent[0] ? 1 : 0);
}

static void print_children(FILE *out, const char *parent)
{
	size_t width = 0;

	for (size_t i = 0; cli_commands[i]; i++) {
		if (cli_path_is_child(parent, cli_commands[i]->path))
			width = widen(width, strlen(below(parent, cli_commands[i]->path)));
	}
	for (size_t i = 0; cli_groups[i].path; i++) {
		if (cli_path_is_child(parent, cli_groups[i].path))
			width = widen(width, strlen(below(parent, cli_groups[i].path)) + 3);
	}
	(void)fputs("\nCommands:\n", out);
	for (size_t i = 0; cli_commands[i]; i++) {
		if (cli_path_is_child(parent, cli_commands[i]->path))
			print_row(out, width, below(parent, cli_commands[i]->path),
			          cli_commands[i]->summary);
	}
	for (size_t i = 0; cli_groups[i].path; i++) {
		char label[LABEL_TEXT];

		if (!cli_path_is_child(parent, cli_groups[i].path))
			continue;
		(void)snprintf(label, sizeof(label), "%s ..", below(parent, cli_groups[i].path));
		print_row(out, width, label, cli_groups[i].summary);
	}
}

static void print_group(FILE *out, const char *path)
{
	const struct cli_group *group = cli_group_find(path);

	(void)fprintf(out, "Usage: %s [GLOBAL OPTIONS] %s%sCOMMAND ..\n\n%s.\n", CLI_PROGRAM, path,
	              path[0] ? " " : "",
	              group ? group->summary : "Joins this machine to a Lightscale network");
	print_children(out, path);
	print_options(out, "Global options, before or after the command", cli_global_options);
	(void)fprintf(out,
	              "\nExit status: 0 done, 1 failed, 2 wrong command line.\n"
	              "'%s COMMAND --help' says more about a command.\n",
	              CLI_PROGRAM);
}

static void print_command(FILE *out, const struct cli_command *command)
{
	size_t width = 0;

	(void)fprintf(out, "Usage: %s [GLOBAL OPTIONS] %s", CLI_PROGRAM, command->path);
	for (size_t i = 0; command->positionals[i].name; i++) {
		(void)fprintf(out, " %s", command->positionals[i].name);
		width = widen(width, strlen(command->positionals[i].name));
	}
	(void)fprintf(out, "%s\n\n%s.\n", command->options ? " [OPTIONS]" : "", command->summary);
	if (command->description)
		(void)fprintf(out, "%s\n", command->description);
	if (command->positionals[0].name)
		(void)fputs("\nArguments:\n", out);
	for (size_t i = 0; command->positionals[i].name; i++) {
		struct ls_buf text = {0};

		cli_help_positional(&command->positionals[i], &text);
		print_row(out, width, command->positionals[i].name,
		          ls_buf_text(&text) ? ls_buf_text(&text) : "");
		ls_buf_done(&text);
	}
	print_options(out, "Options", command->options);
	(void)fprintf(out, "\nGlobal options: see '%s --help'.\n", CLI_PROGRAM);
}

void cli_help_print(FILE *out, const char *path)
{
	const struct cli_command *command = cli_command_find(path);

	if (command)
		print_command(out, command);
	else
		print_group(out, path);
}
