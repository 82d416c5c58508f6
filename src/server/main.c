/* SPDX-License-Identifier: Apache-2.0 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/event_log.h"
#include "crypto/keys.h"
#include "server/import/import.h"
#include "server/options/parse.h"
#include "server/process/user.h"
#include "server/run.h"

enum {
	EXIT_USAGE = 2
};

static int run(const struct options *options, struct ls_fail *fail)
{
	int r;

	/* Files made from here on may hold secrets. */
	(void)umask(077);
	(void)signal(SIGPIPE, SIG_IGN);
	ls_event_log_start();
	r = crypto_init();
	if (r < 0)
		return ls_fail_set(fail, r, "cannot start the crypto library");
	if (!options->import_path)
		return server_run(options, fail);
	r = options->user ? process_become_user(options->user, fail) : 0;
	return r < 0 ? r : import_file(options->import_path, options->state_path, stdout, fail);
}

int main(int argc, char **argv)
{
	struct options options;
	struct ls_fail fail = {0};
	int r = options_parse(argc, argv, &options, &fail);

	if (r == 0 && !options.shown)
		r = run(&options, &fail);
	if (r < 0)
		(void)fprintf(stderr, "lightscale-server: %s\n", fail.text);
	options_done(&options);
	if (r == LS_ERROR_USAGE)
		return EXIT_USAGE;
	return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
