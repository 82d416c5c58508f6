/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/frame/complete.h"

static const char head[] =
        "# bash completion of lightscale-client; written by 'lightscale-client completion bash'.\n"
        "# shellcheck shell=bash\n";

/* The end of the script, after the tables. COMP_WORDS holds --option=value as three words. */
static const char tail[] =
        "_lightscale_client()\n"
        "{\n"
        "\tlocal cur prev at='' word i subs='' opts='' valued='' args='' words='' files=''\n"
        "\tcur=${COMP_WORDS[COMP_CWORD]}\n"
        "\tprev=${COMP_WORDS[COMP_CWORD - 1]}\n"
        "\tCOMPREPLY=()\n"
        "\t_lightscale_client_at ''\n"
        "\tfor ((i = 1; i < COMP_CWORD; i++)); do\n"
        "\t\tword=${COMP_WORDS[i]}\n"
        "\t\tif [[ $word == -* ]]; then\n"
        "\t\t\tif [[ $valued == *\" $word \"* ]]; then\n"
        "\t\t\t\t((i++))\n"
        "\t\t\t\t[[ ${COMP_WORDS[i]-} != = ]] || ((i++))\n"
        "\t\t\tfi\n"
        "\t\telif [[ \" $subs \" == *\" $word \"* ]]; then\n"
        "\t\t\tat=${at:+$at }$word\n"
        "\t\t\t_lightscale_client_at \"$at\"\n"
        "\t\tfi\n"
        "\tdone\n"
        "\tif [[ $cur == = ]]; then\n"
        "\t\tcur=''\n"
        "\telif [[ $prev == = ]]; then\n"
        "\t\tprev=${COMP_WORDS[COMP_CWORD - 2]}\n"
        "\tfi\n"
        "\tif [[ $valued == *\" $prev \"* ]]; then\n"
        "\t\t_lightscale_client_values \"$at $prev\"\n"
        "\t\tif [[ $files ]]; then\n"
        "\t\t\tmapfile -t COMPREPLY < <(compgen -f -- \"$cur\")\n"
        "\t\telse\n"
        "\t\t\tmapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$cur\")\n"
        "\t\tfi\n"
        "\telif [[ $cur == -* ]]; then\n"
        "\t\tmapfile -t COMPREPLY < <(compgen -W \"$opts\" -- \"$cur\")\n"
        "\telse\n"
        "\t\tmapfile -t COMPREPLY < <(compgen -W \"$subs $args\" -- \"$cur\")\n"
        "\tfi\n"
        "}\n"
        "\n"
        "complete -F _lightscale_client lightscale-client\n";

static void put_child(FILE *out, const char *parent, const char *word, const char *summary)
{
	(void)parent;
	(void)summary;
	(void)fprintf(out, "%s ", word);
}

static void put_option(FILE *out, const char *path, const struct cli_option *option, bool global)
{
	(void)path;
	(void)global;
	(void)fprintf(out, "--%s ", option->name);
}

static void put_valued(FILE *out, const char *path, const struct cli_option *option, bool global)
{
	(void)path;
	(void)global;
	if (option->kind == CLI_FLAG)
		return;
	(void)fprintf(out, " --%s ", option->name);
	if (option->alias)
		(void)fprintf(out, " --%s ", option->alias);
}

static void put_place(FILE *out, const char *path, const struct cli_command *command)
{
	(void)fprintf(out, "\t'%s')\n\t\tsubs='", path);
	if (!command)
		cli_complete_each_child(out, path, put_child);
	(void)fputs("'\n\t\topts='", out);
	cli_complete_each_option(out, path, command, put_option);
	(void)fputs("'\n\t\tvalued='", out);
	cli_complete_each_option(out, path, command, put_valued);
	(void)fputs("'\n\t\targs='", out);
	cli_complete_words(out, cli_complete_arguments(command), " ");
	(void)fputs("'\n\t\t;;\n", out);
}

static void put_value(FILE *out, const char *path, const struct cli_option *option, bool global)
{
	if (global)
		return;
	if (cli_complete_takes_file(option)) {
		(void)fprintf(out, "\t'%s --%s') files=1 ;;\n", path, option->name);
	} else if (option->choices) {
		(void)fprintf(out, "\t'%s --%s') words='", path, option->name);
		cli_complete_words(out, option->choices, " ");
		(void)fputs("' ;;\n", out);
	}
}

static void put_values(FILE *out, const char *path, const struct cli_command *command)
{
	if (command)
		cli_complete_each_option(out, path, command, put_value);
}

void cli_complete_bash(FILE *out)
{
	(void)fputs(head, out);
	(void)fputs("\n_lightscale_client_at()\n{\n\tcase $1 in\n", out);
	cli_complete_each_place(out, put_place);
	(void)fputs("\tesac\n}\n\n_lightscale_client_values()\n{\n\tcase $1 in\n", out);
	cli_complete_each_place(out, put_values);
	for (const struct cli_option *option = cli_global_options; option->name; option++) {
		if (cli_complete_takes_file(option))
			(void)fprintf(out, "\t*' --%s') files=1 ;;\n", option->name);
	}
	(void)fputs("\tesac\n}\n\n", out);
	(void)fputs(tail, out);
}
