/* SPDX-License-Identifier: Apache-2.0 */
/* One userspace interface and nothing else, for interop tests and benchmarks: everything about it
 * is then done with wg(8) and ip(8). Prints `ready`, runs until SIGTERM or SIGINT. */
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/str.h"
#include "crypto/keys.h"
#include "dataplane/dataplane.h"

enum {
	EXIT_USAGE = 2,
	DEFAULT_MTU = 1420,
};

static const struct option long_options[] = {
        {"mtu", required_argument, NULL, 'm'}, {"no-tun-offload", no_argument, NULL, 't'},
        {"no-gso", no_argument, NULL, 's'},    {"no-gro", no_argument, NULL, 'r'},
        {"debug", no_argument, NULL, 'd'},     {0},
};

static int parse_options(int argc, char **argv, struct dataplane_options *options)
{
	uint64_t mtu = DEFAULT_MTU;
	int c;

	while ((c = getopt_long(argc, argv, "", long_options, NULL)) != -1) {
		switch (c) {
		case 'm':
			if (ls_parse_u64(optarg, 0, UINT16_MAX, &mtu) < 0)
				return -1;
			break;
		case 't':
			options->offloads.tun_off = true;
			break;
		case 's':
			options->offloads.gso_off = true;
			break;
		case 'r':
			options->offloads.gro_off = true;
			break;
		case 'd':
			ls_log_set_level(LS_LOG_DEBUG);
			break;
		default:
			return -1;
		}
	}
	options->mtu = (uint32_t)mtu;
	options->interface = optind + 1 == argc ? argv[optind] : NULL;
	return options->interface ? 0 : -1;
}

int main(int argc, char **argv)
{
	struct dataplane_options options = {0};
	struct dataplane *dp;
	struct ls_fail fail;
	sigset_t ends;
	int number;

	if (parse_options(argc, argv, &options) < 0) {
		(void)fprintf(stderr, "usage: ls_tunnel [--mtu N] [--no-tun-offload] [--no-gso] "
		                      "[--no-gro] [--debug] INTERFACE\n");
		return EXIT_USAGE;
	}
	(void)sigemptyset(&ends);
	(void)sigaddset(&ends, SIGTERM);
	(void)sigaddset(&ends, SIGINT);
	(void)sigprocmask(SIG_BLOCK, &ends, NULL);
	if (crypto_init() < 0 || dataplane_userspace.open(&options, &dp, &fail) < 0) {
		(void)fprintf(stderr, "ls_tunnel: %s\n", fail.text);
		return EXIT_FAILURE;
	}
	(void)puts("ready");
	(void)fflush(stdout);
	(void)sigwait(&ends, &number);
	dp->ops->close(dp);
	return EXIT_SUCCESS;
}
