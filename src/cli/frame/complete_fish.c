/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/frame/complete.h"

static const char head[] =
        "# fish completion of lightscale-client; written by 'lightscale-client completion fish'.\n";

static const char at_function[] =
        "# True where the words so far lead to the command or group $argv[1].\n"
        "function __lightscale_client_at\n"
        "\tset -l at ''\n"
        "\tset -l skip 0\n"
        "\tfor word in (commandline -opc)[2..-1]\n"
        "\t\tif test $skip = 1\n"
        "\t\t\tset skip 0\n"
        "\t\telse if string match -q -- '-*' $word\n"
        "\t\t\tcontains -- \"$at $word\" $__lightscale_client_valued\n"
        "\t\t\tor contains -- $word $__lightscale_client_valued\n"
        "\t\t\tand set skip 1\n"
        "\t\telse\n"
        "\t\t\tset -l next (string trim -- \"$at $word\")\n"
        "\t\t\tcontains -- $next $__lightscale_client_places\n"
        "\t\t\tand set at $next\n"
        "\t\tend\n"
        "\tend\n"
        "\ttest \"$at\" = \"$argv[1]\"\n"
        "end\n"
        "\n"
        "complete -c lightscale-client -f\n";

static void quote(FILE *out, const char *s)
{
	(void)fputc('\'', out);
	for (; *s; s++) {
		if (*s == '\'' || *s == '\\')
			(void)fputc('\\', out);
		(void)fputc(*s, out);
	}
	(void)fputc('\'', out);
}

static void put_place_name(FILE *out, const char *path, const struct cli_command *command)
{
	(void)command;
	if (path[0])
		(void)fprintf(out, " '%s'", path);
}

static void put_valued(FILE *out, const char *path, const struct cli_option *option, bool global)
{
	if (!global && option->kind != CLI_FLAG)
		(void)fprintf(out, " '%s --%s'", path, option->name);
}

static void put_place_valued(FILE *out, const char *path, const struct cli_command *command)
{
	if (command)
		cli_complete_each_option(out, path, command, put_valued);
}

/* Starts a line of the script; when `path` is NULL, the line applies everywhere. */
static void begin(FILE *out, const char *path)
{
	(void)fputs("complete -c lightscale-client", out);
	if (path)
		(void)fprintf(out, " -n '__lightscale_client_at \"%s\"'", path);
}

static void put_option(FILE *out, const char *path, const struct cli_option *option, bool global)
{
	if (global && path)
		return; /* cli_complete_fish writes global options once, for all places */
	begin(out, path);
	(void)fprintf(out, " -l %s", option->name);
	if (option->short_name)
		(void)fprintf(out, " -s %c", option->short_name);
	if (cli_complete_takes_file(option))
		(void)fputs(" -r -F", out);
	else if (option->kind != CLI_FLAG)
		(void)fputs(" -x", out);
	if (option->choices) {
		(void)fputs(" -a '", out);
		cli_complete_words(out, option->choices, " ");
		(void)fputc('\'', out);
	}
	(void)fputs(" -d ", out);
	quote(out, option->help);
	(void)fputc('\n', out);
}

static void put_child(FILE *out, const char *parent, const char *word, const char *summary)
{
	begin(out, parent);
	(void)fprintf(out, " -a %s -d ", word);
	quote(out, summary);
	(void)fputc('\n', out);
}

static void put_place(FILE *out, const char *path, const struct cli_command *command)
{
	if (!command) {
		cli_complete_each_child(out, path, put_child);
		return;
	}
	cli_complete_each_option(out, path, command, put_option);
	if (cli_complete_arguments(command)) {
		begin(out, path);
		(void)fputs(" -a '", out);
		cli_complete_words(out, cli_complete_arguments(command), " ");
		(void)fputs("'\n", out);
	}
}

void cli_complete_fish(FILE *out)
{
	(void)fputs(head, out);
	(void)fputs("\nset -g __lightscale_client_places", out);
	cli_complete_each_place(out, put_place_name);
	(void)fputs("\nset -g __lightscale_client_valued", out);
	for (const struct cli_option *option = cli_global_options; option->name; option++) {
		if (option->kind != CLI_FLAG)
			(void)fprintf(out, " --%s", option->name);
		if (option->kind != CLI_FLAG && option->alias)
			(void)fprintf(out, " --%s", option->alias);
	}
	cli_complete_each_place(out, put_place_valued);
	(void)fputs("\n\n", out);
	(void)fputs(at_function, out);
	for (const struct cli_option *option = cli_global_options; option->name; option++)
		put_option(out, NULL, option, true);
	cli_complete_each_place(out, put_place);
}
