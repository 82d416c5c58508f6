/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/options.h"

#include <string.h>

#include "base/str.h"
#include "base/utf8.h"
#include "proto/limits.h"
#include "proto/names.h"
#include "wire/ip.h"

void agent_options_init(struct agent_options *options)
{
	*options = (struct agent_options){
	        .backend = DATAPLANE_USERSPACE,
	        .listen_port = AGENT_LISTEN_PORT,
	        .heartbeat_interval_s = AGENT_HEARTBEAT_INTERVAL_S,
	        .longpoll_timeout_s = AGENT_LONGPOLL_TIMEOUT_S,
	        .endpoint_stale_after_s = AGENT_ENDPOINT_STALE_S,
	};
}

static int check_number(unsigned value, unsigned max, const char *name, struct ls_fail *fail)
{
	if (value >= 1 && value <= max)
		return 0;
	return ls_fail_set(fail, LS_ERROR_BAD_VALUE, "--%s %u: must be 1 to %u", name, value, max);
}

static int check_announced(const struct agent_options *options, struct ls_fail *fail)
{
	if (options->endpoint_count > AGENT_ENDPOINTS_MAX)
		return ls_fail_set(fail, LS_ERROR_LIMIT, "--endpoint: more than %d",
		                   AGENT_ENDPOINTS_MAX);
	for (size_t i = 0; i < options->endpoint_count; i++) {
		if (proto_name_check_announced(options->endpoints[i], "", NULL) < 0)
			return ls_fail_set(fail, LS_ERROR_BAD_VALUE,
			                   "--endpoint %s: not a host and port like "
			                   "192.0.2.1:51820",
			                   options->endpoints[i]);
	}
	if (options->advertise_route_count > AGENT_ROUTES_MAX)
		return ls_fail_set(fail, LS_ERROR_LIMIT, "--advertise-route: more than %d",
		                   AGENT_ROUTES_MAX);
	for (size_t i = 0; i < options->advertise_route_count; i++) {
		struct ls_prefix prefix;

		if (ls_prefix_parse_network(options->advertise_routes[i], &prefix) < 0)
			return ls_fail_set(fail, LS_ERROR_BAD_VALUE,
			                   "--advertise-route %s: not a prefix like 192.0.2.0/24",
			                   options->advertise_routes[i]);
	}
	return 0;
}

/* The rules of the kernel's dev_valid_name. */
static int check_interface(const char *name, struct ls_fail *fail)
{
	size_t len = strlen(name);

	if (len >= 1 && len <= LIMIT_INTERFACE_LEN && !ls_streq(name, ".") &&
	    !ls_streq(name, "..") && !strpbrk(name, "/: \t") && !ls_str_has_control(name))
		return 0;
	return ls_fail_set(fail, LS_ERROR_BAD_VALUE,
	                   "--interface %.40s: must be 1 to %d bytes without /, : and blanks", name,
	                   LIMIT_INTERFACE_LEN);
}

int agent_options_check(const struct agent_options *options, struct ls_fail *fail)
{
	int r = options->interface ? check_interface(options->interface, fail) : 0;

	if (r == 0)
		r = check_number(options->heartbeat_interval_s, 86400, "heartbeat-interval", fail);

	if (r == 0)
		r = check_number(options->longpoll_timeout_s, LIMIT_LONGPOLL_SECONDS,
		                 "longpoll-timeout", fail);
	if (r == 0)
		r = check_number(options->endpoint_stale_after_s, 86400, "endpoint-stale-after",
		                 fail);
	if (r == 0)
		r = check_announced(options, fail);
	if (r == 0 && options->backend != DATAPLANE_USERSPACE)
		r = ls_fail_set(fail, LS_ERROR_BAD_VALUE,
		                "--backend kernel is not supported by this version; use userspace");
	return r;
}
