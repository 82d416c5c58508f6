/* SPDX-License-Identifier: Apache-2.0 */
/* The input and the output of the executor. */
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
	struct nl_socket *rtnl; /* borrowed while the executor exists */
	/* NULL for a dry run: only apply_executor_look may be called then. It also sees an
	 * interface that another process serves. */
	const struct dataplane_ops *ops;
	struct dataplane_offloads offloads;
	struct ls_stamps *stamps; /* of struct dataplane_options */
	bool clear;               /* of a dry run: plan to remove what a crashed run left */
	const char *interface;    /* a valid name */
	const char *profile;      /* marks the block in the hosts file */
	const char *hosts_path;   /* NULL: write no names */
	/* The step that writes the names only counts: the caller writes them after the run. They
	 * are still removed at the end. */
	bool defers_names;
	/* Adds endpoints to a change of peers before it is applied; 0 or -ENOMEM. NULL: add
	 * none. */
	int (*endpoints)(void *arg, struct wg_config *change);
	void *arg;
};

/* What a run has done. */
struct apply_report {
	size_t counts[PLAN_STEP_KINDS]; /* steps done, by kind */
	bool no_ipv6;                   /* IPv6 was left out, because it is off on this host */
	size_t route_conflicts;         /* routes not added because another program has made them */
	struct ls_fail conflict;        /* the first of those conflicts */
	struct ls_fail hosts;           /* code not 0: why the names were not written */
};

#endif
