/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/frame/platform.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

static const char *const support_names[] = {
        [PLATFORM_SUPPORTED] = "supported",
        [PLATFORM_PARTIAL] = "partial",
        [PLATFORM_UNSUPPORTED] = "unsupported",
};
_Static_assert(sizeof(support_names) / sizeof(support_names[0]) == PLATFORM_UNSUPPORTED + 1,
               "names");

/* Each path exists only while that service manager runs, or only where it is installed. */
static const struct {
	const char *name;
	const char *path;
} managers[] = {
        {"systemd", "/run/systemd/system"},
        {"openrc", "/run/openrc"},
        {"procd", "/sbin/procd"},
        {"launchd", "/sbin/launchd"},
};
_Static_assert(sizeof(managers) / sizeof(managers[0]) == PLATFORM_MANAGERS_MAX, "managers");

#define WITHOUT_IT                                                                                 \
	"registration, administration, heartbeat, netmap, status, rotate-keys, dns and relay do "  \
	"work"

const char *cli_platform_support_name(enum platform_support support)
{
	return support_names[support];
}

/* uname(2) says "Linux" and "Darwin"; v1 clients say "linux" and "macos". */
static void name_host(struct platform *platform)
{
	struct utsname name;

	if (uname(&name) < 0) {
		(void)snprintf(platform->os, sizeof(platform->os), "unknown");
		(void)snprintf(platform->arch, sizeof(platform->arch), "unknown");
		return;
	}
	(void)snprintf(platform->os, sizeof(platform->os), "%s",
	               strcmp(name.sysname, "Darwin") == 0 ? "macos" : name.sysname);
	(void)snprintf(platform->arch, sizeof(platform->arch), "%s", name.machine);
	for (char *p = platform->os; *p; p++) {
		if (*p >= 'A' && *p <= 'Z')
			*p = (char)(*p - 'A' + 'a');
	}
}

static void find_managers(struct platform *platform)
{
	for (size_t i = 0; i < PLATFORM_MANAGERS_MAX; i++) {
		if (access(managers[i].path, F_OK) == 0)
			platform->service_managers[platform->service_manager_count++] =
			        managers[i].name;
	}
}

void cli_platform_look(struct platform *ret)
{
	const bool built = LS_WITH_DATA_PLANE;
	const bool tun = built && access("/dev/net/tun", F_OK) == 0;

	*ret = (struct platform){.control_plane = PLATFORM_SUPPORTED};
	name_host(ret);
	find_managers(ret);
	ret->data_plane = !built ? PLATFORM_UNSUPPORTED
	                  : tun  ? PLATFORM_SUPPORTED
	                         : PLATFORM_PARTIAL;
	/* Only partial: no service files are installed, but any supervisor of foreground programs
	 * works. */
	ret->service_integration =
	        built && ret->service_manager_count > 0 ? PLATFORM_PARTIAL : PLATFORM_UNSUPPORTED;
	ret->capabilities = (struct platform_capabilities){
	        .wireguard = ret->data_plane,
	        /* Announced, but routes of others are not applied yet. */
	        .advertised_routes = built ? PLATFORM_PARTIAL : PLATFORM_UNSUPPORTED,
	        .advanced_route_policy = PLATFORM_UNSUPPORTED,
	        .router_mode = PLATFORM_UNSUPPORTED,
	        .dns_local_server = PLATFORM_UNSUPPORTED,
	        /* Names go to the hosts file, not to the resolver. */
	        .dns_resolver_integration = PLATFORM_UNSUPPORTED,
	        .daemon_supervision = PLATFORM_UNSUPPORTED,
	        .os_service_integration = ret->service_integration,
	        .note = built ? "routes are announced, but not applied; names go to the hosts file"
	                      : "this client is built without a data plane",
	};
	if (!built)
		ret->lack = "this client is built without a WireGuard data plane; " WITHOUT_IT;
	else if (!tun)
		ret->lack = "/dev/net/tun is missing: load the tun module (modprobe tun), or give "
		            "the device to the container; " WITHOUT_IT;
	ret->note = ret->lack ? ret->lack
	                      : "everything works here; wg-up and agent need root; a service "
	                        "manager runs agent in the foreground";
}
