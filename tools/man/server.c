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
        ".Nm\n"
        ".Cm import\n"
        ".Ar file\n"
        ".Fl -state Ar path\n"
        ".Op Fl -user Ar name\n"
        ".Sh DESCRIPTION\n"
        ".Nm\n"
        "knows the nodes of each Lightscale network, gives them their addresses,\n"
        "and tells each node which peers it has.\n"
        "It never sees their traffic or their private keys.\n"
        "It stays in the foreground and logs to standard error.\n"
        ".Pp\n"
        ".Cm import\n"
        "makes a new database from the state file of an existing (v1) server,\n"
        "says what was odd, and ends.\n"
        "It writes all or nothing.\n"
        ".Pp\n"
        "The options are:\n";

static const char tail[] =
        ".Sh ENVIRONMENT\n"
        ".Bl -tag -width Ds\n"
        ".It Ev LIGHTSCALE_ADMIN_TOKEN\n"
        "The admin token, if no option gives one.\n"
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
        "stop the server: it finishes the requests in progress, answers waiting\n"
        "long-polls and closes the store.\n"
        ".Dv SIGHUP\n"
        "reloads the TLS certificate and its key.\n"
        ".Sh SECURITY\n"
        "The listening sockets are opened first;\n"
        "then\n"
        ".Nm\n"
        "becomes the user of\n"
        ".Fl -user\n"
        "and drops all capabilities.\n"
        "Before it reads a request, it gives up new privileges and restricts itself:\n"
        "with\n"
        ".Xr landlock 7\n"
        "to the files that it needs, if the kernel supports that, and with\n"
        ".Xr seccomp 2\n"
        "to the system calls that it needs.\n"
        "If it tries to start a program or to make a connection, the kernel ends it with\n"
        ".Dv SIGSYS .\n"
        ".Sh EXIT STATUS\n"
        "0: stopped as requested.\n"
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
