/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LS_AGENT_OPTIONS_H
#define LS_AGENT_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "control/trust.h"
#include "control/url.h"
#include "dataplane/dataplane.h"
#include "plan/facts.h"

enum {
	AGENT_HEARTBEAT_INTERVAL_S = 30,
	AGENT_LONGPOLL_TIMEOUT_S = 30,
	AGENT_LISTEN_PORT = 51820,
	AGENT_ENDPOINT_STALE_S = 15,
	AGENT_ENDPOINTS_MAX = 32,
	AGENT_ROUTES_MAX = 64,
};

/* The options of a user. All pointers are borrowed for the duration of the call. A number must not
 * be 0 unless its comment gives 0 a meaning. */
struct agent_options {
	const char *profile;
	const char *state_path;              /* the profile's state.json; must exist */
	const struct control_url_list *urls; /* at least one */
	const struct control_trust *trust;   /* NULL: the system's authorities */
	const char *admin_token;             /* used when the state has no node token; or NULL */
	const char *interface;               /* NULL: ls-<profile>, cut to 15 bytes */
	enum dataplane_kind backend;
	struct dataplane_offloads offloads;
	uint16_t listen_port;         /* 0: any free port */
	bool next_port;               /* when listen_port is taken: the next free one */
	const char *const *endpoints; /* "host:port", announced first */
	size_t endpoint_count;
	const char *const *advertise_routes; /* prefixes; host bits are cleared */
	size_t advertise_route_count;
	bool advertise_exit_node;
	unsigned heartbeat_interval_s;
	unsigned longpoll_timeout_s; /* 1..300 */
	unsigned endpoint_stale_after_s;
	const char *dns_hosts_path; /* NULL: write no hosts file */
	struct plan_allow allow;    /* what else a control server may decide */
	const char *pid_file;       /* NULL: none */
	bool cleanup_before_start;  /* first remove what a crashed run left */
	/* Appends to a failure, before it is logged, what the user can do (fail->hint); or NULL. */
	void (*advise)(const void *arg, struct ls_fail *fail);
	const void *advise_arg;
};

/* Sets all defaults; the caller sets profile, state_path and urls. */
void agent_options_init(struct agent_options *options);

/* Checks all values: LS_ERROR_BAD_VALUE or LS_ERROR_LIMIT; `fail` names the option. */
int agent_options_check(const struct agent_options *options, struct ls_fail *fail) LS_MUST_CHECK;

#endif
