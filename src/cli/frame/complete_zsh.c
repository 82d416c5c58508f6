/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/frame/complete.h"

#include <stdlib.h>

#include "base/str.h"

static const char head[] =
        "#compdef lightscale-client\n"
        "# zsh completion of lightscale-client; written by 'lightscale-client completion zsh'.\n";

static const char tail[] = "_lightscale_client() {\n"
                           "\tlocal at='' word before i\n"
                           "\tlocal -a subs opts valued args\n"
                           "\t_lightscale_client_at ''\n"
                           "\tfor ((i = 2; i < CURRENT; i++)); do\n"
                           "\t\tword=${words[i]}\n"
                           "\t\tif [[ $word == -* ]]; then\n"
                           "\t\t\t(( ! ${valued[(Ie)$word]} )) || (( i += 1 ))\n"
                           "\t\telif (( ${${subs%%:*}[(Ie)$word]} )); then\n"
                           "\t\t\tat=${at:+$at }$word\n"
                           "\t\t\t_lightscale_client_at $at\n"
                           "\t\tfi\n"
                           "\tdone\n"
                           "\tbefore=${words[CURRENT - 1]}\n"
                           "\tif (( ${valued[(Ie)$before]} )); then\n"
                           "\t\t_lightscale_client_values \"$at $before\"\n"
                           "\telif [[ $PREFIX == -* ]]; then\n"
                           "\t\t_describe -o option opts\n"
                           "\telif (( $#subs )); then\n"
                           "\t\t_describe command subs\n"
                           "\telif (( $#args )); then\n"
                           "\t\tcompadd -- $args\n"
                           "\tfi\n"
                           "}\n"
                           "\n"
                           "# Loaded as an autoloaded function, or by source or eval.\n"
                           "if [[ ${funcstack[1]-} == _lightscale-client ]]; then\n"
                           "\t_lightscale_client \"$@\"\n"
                           "elif (( $+functions[compdef] )); then\n"
                           "\tcompdef _lightscale_client lightscale-client\n"
                           "fi\n";

static void put_item(FILE *out, const char *word, const char *summary)
{
	struct ls_buf text = {0};

	ls_buf_printf(&text, "%s:%s", word, summary);
	if (text.failed)
		abort();
	(void)fputs("\t\t\t", out);
	cli_complete_quote(out, ls_buf_text(&text));
	(void)fputc('\n', out);
	ls_buf_done(&text);
}

static void put_child(FILE *out, const char *parent, const char *word, const char *summary)
{
	(void)parent;
	put_item(out, word, summary);
}

static void put_option(FILE *out, const char *path, const struct cli_option *option, bool global)
{
	char name[64];

	(void)path;
	(void)global;
	(void)snprintf(name, sizeof(name), "--%s", option->name);
	put_item(out, name, option->help);
}

static void put_valued(FILE *out, const char *path, const struct cli_option *option, bool global)
{
	(void)path;
	(void)global;
	if (option->kind == CLI_FLAG)
		return;
	(void)fprintf(out, " --%s", option->name);
	if (option->alias)
		(void)fprintf(out, " --%s", option->alias);
}

static void put_place(FILE *out, const char *path, const struct cli_command *command)
{
	(void)fprintf(out, "\t('%s')\n\t\tsubs=(\n", path);
	if (!command)
		cli_complete_each_child(out, path, put_child);
	(void)fputs("\t\t)\n\t\topts=(\n", out);
	cli_complete_each_option(out, path, command, put_option);
	(void)fputs("\t\t)\n\t\tvalued=(", out);
	cli_complete_each_option(out, path, command, put_valued);
	(void)fputs(" )\n\t\targs=( ", out);
	cli_complete_words(out, cli_complete_arguments(command), " ");
	(void)fputs(" )\n\t\t;;\n", out);
}

static void put_value(FILE *out, const char *path, const struct cli_option *option, bool global)
{
	if (global)
		return;
	if (cli_complete_takes_file(option)) {
		(void)fprintf(out, "\t('%s --%s') _files ;;\n", path, option->name);
	} else if (option->choices) {
		(void)fprintf(out, "\t('%s --%s') compadd -- ", path, option->name);
		cli_complete_words(out, option->choices, " ");
		(void)fputs(" ;;\n", out);
	}
}

static void put_values(FILE *out, const char *path, const struct cli_command *command)
{
	if (command)
		cli_complete_each_option(out, path, command, put_value);
}

void cli_complete_zsh(FILE *out)
{
	(void)fputs(head, out);
	(void)fputs("\n_lightscale_client_at() {\n\tcase $1 in\n", out);
	cli_complete_each_place(out, put_place);
	(void)fputs("\tesac\n}\n\n_lightscale_client_values() {\n\tcase $1 in\n", out);
	cli_complete_each_place(out, put_values);
	for (const struct cli_option *option = cli_global_options; option->name; option++) {
		if (cli_complete_takes_file(option))
			(void)fprintf(out, "\t(*' --%s') _files ;;\n", option->name);
	}
	(void)fputs("\tesac\n}\n\n", out);
	(void)fputs(tail, out);
}
