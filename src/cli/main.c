/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/event_log.h"
#include "base/log.h"
#include "cli/frame/args.h"
#include "cli/frame/help.h"
#include "cli/frame/need.h"
#include "cli/frame/output.h"
#include "crypto/keys.h"

enum exit_status {
	EXIT_STATUS_DONE = 0,
	EXIT_STATUS_FAILED = 1,
	EXIT_STATUS_USAGE = 2,
};

static int set_verbosity(const struct cli_args *args, struct ls_fail *fail)
{
	bool verbose = cli_given(args, "verbose"), quiet = cli_given(args, "quiet");

	if (verbose && quiet)
		return ls_fail_set(fail, LS_ERROR_USAGE, "give either --verbose or --quiet");
	if (verbose)
		ls_log_set_level(LS_LOG_DEBUG);
	if (quiet)
		ls_log_set_level(LS_LOG_ERROR);
	cli_set_quiet(quiet);
	return 0;
}

static int run(const struct cli_args *args, struct ls_fail *fail)
{
	int r;

	switch (args->wish) {
	case CLI_WISH_HELP:
		cli_help_print(stdout, args->path);
		return 0;
	case CLI_WISH_VERSION:
		(void)puts(CLI_PROGRAM " " LS_VERSION);
		return 0;
	case CLI_WISH_RUN:
		break;
	}
	r = set_verbosity(args, fail);
	if (r == 0)
		r = cli_need_check(args, fail);
	if (r < 0)
		return r;
	r = crypto_init();
	if (r < 0)
		return ls_fail_set(fail, r, "cannot start the crypto library");
	return args->command->run(args, fail);
}

/* If the program starts with a closed standard stream, the first file or socket that it opens would
 * get that descriptor, and output and log lines would go there. So each closed stream gets a
 * read-only /dev/null: writing to it fails, as it should. */
static void occupy_standard_streams(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd >= 0)
		(void)close(fd);
}

/* True when stdout is a pipe whose reader has ended, such as `head`: it has read what it wanted, so
 * no error is printed. */
static bool reader_has_gone(void)
{
	struct pollfd fd = {.fd = STDOUT_FILENO, .events = POLLOUT};

	return poll(&fd, 1, 0) == 1 && (fd.revents & POLLERR);
}

int main(int argc, char **argv)
{
	struct cli_args args = {0};
	struct ls_fail fail = {0};
	bool silent = false;
	int r;

	/* When a reader goes away, the write must fail: a signal could end the program in the
	 * middle of a change. */
	(void)signal(SIGPIPE, SIG_IGN);
	occupy_standard_streams();
	ls_event_log_start();
	r = cli_args_parse(argc, argv, &args, &fail);
	if (r == 0)
		r = run(&args, &fail);
	cli_args_done(&args);
	if ((fflush(stdout) != 0 || ferror(stdout)) && r == 0) {
		r = ls_fail_set(&fail, LS_ERROR_REMOTE, "cannot write to standard output: %s",
		                strerror(errno));
		silent = reader_has_gone();
	}
	if (r >= 0)
		return EXIT_STATUS_DONE;
	if (!silent)
		(void)fprintf(stderr, CLI_PROGRAM ": %s\n",
		              fail.text[0] ? fail.text : ls_strerror(r));
	return r == LS_ERROR_USAGE ? EXIT_STATUS_USAGE : EXIT_STATUS_FAILED;
}
