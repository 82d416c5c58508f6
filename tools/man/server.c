/* SPDX-License-Identifier: Apache-2.0 */
/* Writes lightscale-server(8) from the server's table of options. */
#include <popt.h>
#include <stdlib.h>

#include "mdoc.h"
#include "server/options/table.h"

static const char head[] =
        ".Dd " MDOC_DATE "\n"
        ".Dt LIGHTSCALE-SERVER 8\n"
        ".Os\n"
        ".Sh NAME\n"
        ".Nm lightscale-server\n"
        ".Nd control server of Lightscale networks\n"
        ".Sh SYNOPSIS\n"
        ".Nm\n"
        ".Op Ar options\n"
        ".Sh DESCRIPTION\n"
        ".Nm\n"
        "knows the nodes of each Lightscale network, gives them their addresses,\n"
        "and tells each which peers it has.\n"
        "It never sees their traffic or their private keys.\n"
        "It stays in the foreground and logs to standard error.\n"
        ".Pp\n"
        "The options are:\n";

static const char tail[] =
        ".Sh ENVIRONMENT\n"
        ".Bl -tag -width Ds\n"
        ".It Ev LIGHTSCALE_ADMIN_TOKEN\n"
        "The admin token, where no option gives it.\n"
        ".It Ev LISTEN_FDS , LISTEN_FDNAMES , NOTIFY_SOCKET , WATCHDOG_USEC\n"
        "Set by a service manager, see\n"
        ".Xr sd_listen_fds 3\n"
        "and\n"
        ".Xr sd_notify 3 .\n"
        ".El\n"
        ".Sh SIGNALS\n"
        ".Dv SIGTERM\n"
        "and\n"
        ".Dv SIGINT\n"
        "end it in order: requests in flight are finished, waiting long-polls answered,\n"
        "the store closed.\n"
        ".Dv SIGHUP\n"
        "reads the TLS certificate and its key anew.\n"
        ".Sh SECURITY\n"
        "The listening sockets are opened first;\n"
        "then\n"
        ".Nm\n"
        "becomes the user of\n"
        ".Fl -user\n"
        "and drops all capabilities.\n"
        "Before it reads a request, it gives up new privileges and restricts itself with\n"
        ".Xr seccomp 2\n"
        "to the system calls of a server at work.\n"
        "Starting programs and making connections are not among them,\n"
        "and end it with\n"
        ".Dv SIGSYS .\n"
        ".Sh EXIT STATUS\n"
        "0: ended in order.\n"
        "1: failed; one line says why.\n"
        "2: the command line is wrong.\n"
        ".Sh SEE ALSO\n"
        ".Xr lightscale-client 1\n";

static void put_option(FILE *out, const struct poptOption *option)
{
	(void)fputs(".It ", out);
	if (option->shortName)
		(void)fprintf(out, "Fl %c , ", option->shortName);
	(void)fprintf(out, "Fl -%s", option->longName);
	if (option->argDescrip) {
		(void)fputs(" Ar ", out);
		mdoc_argument(out, option->argDescrip);
	}
	(void)fputc('\n', out);
	mdoc_text(out, option->descrip);
}

int main(void)
{
	(void)fputs(head, stdout);
	(void)fputs(".Bl -tag -width Ds\n", stdout);
	for (const struct poptOption *option = options_table(); option->longName; option++)
		put_option(stdout, option);
	(void)fputs(".El\n", stdout);
	(void)fputs(tail, stdout);
	return fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
