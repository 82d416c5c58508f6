/* SPDX-License-Identifier: Apache-2.0 */
/* What the executor is given and what it tells. */
#ifndef LS_APPLY_OPTIONS_H
#define LS_APPLY_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "dataplane/dataplane.h"
#include "netlink/rtnl.h"
#include "plan/steps.h"
#include "wgconfig/wg_config.h"

struct apply_options {
	struct nl_socket *rtnl; /* borrowed for the executor's life */
	/* NULL: a dry run. Only apply_executor_look is of use; it sees the interface that another
	 * process serves. */
	const struct dataplane_ops *ops;
	struct dataplane_offloads offloads;
	bool clear;             /* of a dry run: what a crashed run left is to be removed */
	const char *interface;  /* a valid name */
	const char *profile;    /* marks the block in the hosts file */
	const char *hosts_path; /* NULL: no names are written */
	/* Adds endpoints to a change of peers before it is made; 0 or -ENOMEM. NULL: none. */
	int (*endpoints)(void *arg, struct wg_config *change);
	void *arg;
};

/* What a run did. */
struct apply_report {
	size_t counts[PLAN_STEP_KINDS]; /* steps that were done */
	bool no_ipv6;                   /* IPv6 is off on this host and was left out */
	size_t route_conflicts;         /* routes not added, as something else has them */
	struct ls_fail conflict;        /* the first of them */
	struct ls_fail hosts;           /* code not 0: why the names were not written */
};

#endif
