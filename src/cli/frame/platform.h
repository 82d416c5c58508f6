/* SPDX-License-Identifier: Apache-2.0 */
/* What this host and this build can do (docs/platform-support.md). */
#ifndef LS_CLI_FRAME_PLATFORM_H
#define LS_CLI_FRAME_PLATFORM_H

#include <stddef.h>

enum {
	PLATFORM_MANAGERS_MAX = 4,
	PLATFORM_TEXT = 65, /* a name of uname(2) */
};

enum platform_support {
	PLATFORM_SUPPORTED,
	PLATFORM_PARTIAL,
	PLATFORM_UNSUPPORTED,
};

/* What of the data plane works, by the names that existing clients have for it. */
struct platform_capabilities {
	enum platform_support wireguard;
	enum platform_support advertised_routes;
	enum platform_support advanced_route_policy;
	enum platform_support router_mode;
	enum platform_support dns_local_server;
	enum platform_support dns_resolver_integration;
	enum platform_support daemon_supervision;
	enum platform_support os_service_integration;
	const char *note;
};

struct platform {
	char os[PLATFORM_TEXT];   /* "linux" */
	char arch[PLATFORM_TEXT]; /* "x86_64" */
	enum platform_support control_plane;
	enum platform_support data_plane;
	enum platform_support service_integration;
	struct platform_capabilities capabilities;
	const char *service_managers[PLATFORM_MANAGERS_MAX]; /* those found here */
	size_t service_manager_count;
	const char *lack; /* what the data plane lacks, with advice; else NULL */
	const char *note; /* advice, one line */
};

/* Inspects the host; opens and changes nothing. */
void cli_platform_look(struct platform *ret);
/* "supported", "partial", "unsupported" */
const char *cli_platform_support_name(enum platform_support support);

#endif
