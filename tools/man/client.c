/* SPDX-License-Identifier: Apache-2.0 */
/* Writes lightscale-client(1) from the client's table of commands. */
#include <stdlib.h>
#include <string.h>

#include "cli/frame/command.h"
#include "cli/frame/help.h"
#include "mdoc.h"

static const char head[] =
        ".Dd " MDOC_DATE "\n"
        ".Dt LIGHTSCALE-CLIENT 1\n"
        ".Os\n"
        ".Sh NAME\n"
        ".Nm lightscale-client\n"
        ".Nd join this machine to a Lightscale network, and administer networks\n"
        ".Sh SYNOPSIS\n"
        ".Nm\n"
        ".Op Ar global-options\n"
        ".Ar command\n"
        ".Op Ar options\n"
        ".Op Ar arguments\n"
        ".Sh DESCRIPTION\n"
        "Lightscale is a self-hosted mesh VPN.\n"
        "A control server knows the nodes of each network;\n"
        ".Nm\n"
        "registers this machine as one of them, keeps its WireGuard interface up to date,\n"
        "and has the commands with which an administrator manages the server.\n"
        ".Pp\n"
        "Results go to standard output, everything else to standard error.\n"
        "An option that may be repeated also takes a list separated by commas.\n"
        "Options may come before, between and after the words of a command.\n"
        "Every command takes\n"
        ".Fl -help .\n";

static const char tail[] =
        ".Sh ENVIRONMENT\n"
        ".Bl -tag -width Ds\n"
        ".It Ev LIGHTSCALE_ADMIN_TOKEN\n"
        "The admin token, if no option gives one.\n"
        ".It Ev XDG_CONFIG_HOME , XDG_DATA_HOME , HOME\n"
        "Where configuration and state are.\n"
        ".It Ev https_proxy , http_proxy , all_proxy , no_proxy\n"
        "The proxy for requests to control servers, http://[USER:PASSWORD@]HOST[:PORT],\n"
        "and the hosts, addresses and prefixes to reach without it.\n"
        "The names in upper case work too; HTTP_PROXY not where REQUEST_METHOD is set.\n"
        ".It Ev SSL_CERT_DIR , SSL_CERT_FILE\n"
        "The certificate authorities to trust instead of the system's.\n"
        ".It Ev NO_COLOR\n"
        "When it is set, there are no colours on a terminal.\n"
        ".El\n"
        ".Sh FILES\n"
        ".Bl -tag -width Ds\n"
        ".It Pa $XDG_CONFIG_HOME/lightscale/config.json\n"
        "The profiles.\n"
        "Without the variable, the directory is\n"
        ".Pa ~/.config .\n"
        "See\n"
        ".Xr lightscale-config 5 .\n"
        ".It Pa $XDG_DATA_HOME/lightscale/PROFILE/state.json\n"
        "The node's identity, with its private keys.\n"
        "Without the variable, the directory is\n"
        ".Pa ~/.local/share .\n"
        ".El\n"
        ".Sh EXIT STATUS\n"
        "0: success.\n"
        "1: failed; one line on standard error says what, why, and what to do next.\n"
        "2: the command line is wrong.\n"
        ".Sh SEE ALSO\n"
        ".Xr lightscale-config 5 ,\n"
        ".Xr lightscale-server 8 ,\n"
        ".Xr wg 8\n";

static void put_buf(FILE *out, struct ls_buf *text)
{
	if (!ls_buf_text(text))
		abort();
	mdoc_text(out, ls_buf_text(text));
	ls_buf_done(text);
}

static void put_option(FILE *out, const struct cli_option *option)
{
	struct ls_buf text = {0};

	(void)fputs(".It ", out);
	if (option->short_name)
		(void)fprintf(out, "Fl %c , ", option->short_name);
	(void)fprintf(out, "Fl -%s", option->name);
	if (option->kind != CLI_FLAG) {
		(void)fputs(" Ar ", out);
		mdoc_argument(out, option->placeholder);
	}
	(void)fputc('\n', out);
	cli_help_option(option, &text);
	put_buf(out, &text);
}

static void put_options(FILE *out, const struct cli_option *options)
{
	(void)fputs(".Bl -tag -width Ds\n", out);
	for (; options->name; options++)
		put_option(out, options);
	(void)fputs(".El\n", out);
}

static void put_arguments(FILE *out, const struct cli_command *command)
{
	(void)fputs(".Bl -tag -width Ds\n", out);
	for (size_t i = 0; command->positionals[i].name; i++) {
		struct ls_buf text = {0};

		(void)fputs(".It Ar ", out);
		mdoc_argument(out, command->positionals[i].name);
		(void)fputc('\n', out);
		cli_help_positional(&command->positionals[i], &text);
		put_buf(out, &text);
	}
	(void)fputs(".El\n", out);
}

static void put_command(FILE *out, const struct cli_command *command)
{
	(void)fputs(".Ss ", out);
	mdoc_argument(out, command->path);
	(void)fputs("\n.Nm\n.Cm ", out);
	mdoc_argument(out, command->path);
	(void)fputc('\n', out);
	if (command->options)
		(void)fputs(".Op Ar options\n", out);
	for (size_t i = 0; command->positionals[i].name; i++) {
		(void)fputs(".Ar ", out);
		mdoc_argument(out, command->positionals[i].name);
		(void)fputc('\n', out);
	}
	(void)fputs(".Pp\n", out);
	mdoc_text(out, command->summary);
	if (command->description)
		mdoc_text(out, command->description);
	if (command->positionals[0].name)
		put_arguments(out, command);
	if (command->options)
		put_options(out, command->options);
}

int main(void)
{
	(void)fputs(head, stdout);
	(void)fputs(".Sh GLOBAL OPTIONS\n", stdout);
	put_options(stdout, cli_global_options);
	(void)fputs(".Sh COMMANDS\n", stdout);
	for (size_t i = 0; cli_commands[i]; i++)
		put_command(stdout, cli_commands[i]);
	(void)fputs(tail, stdout);
	return fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
