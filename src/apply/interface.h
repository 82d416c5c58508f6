/* SPDX-License-Identifier: Apache-2.0 */
/* Makes the interface of a plan match it: addresses, MTU, up, routes. Each call reads what the
 * kernel has, and changes only what differs; a repeat writes nothing. Making and removing the
 * interface itself is the data plane's. Control thread only. */
#ifndef LS_APPLY_INTERFACE_H
#define LS_APPLY_INTERFACE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "netlink/rtnl.h"
#include "plan/diff.h"
#include "plan/plan.h"

/* What the kernel has of an interface that a plan is about. Zero-initialise; free with
 * apply_actual_done. `actual.device` is left NULL. */
struct apply_actual {
	struct plan_actual actual;
	uint32_t link; /* interface index; 0: no such interface */
	struct ls_prefix *addresses;
	struct plan_route *routes;
};

/* All addresses of the interface but IPv6 link-local ones, and the routes over it that are marked
 * as ours. A missing interface is no failure. */
int apply_interface_read(struct rtnl *rtnl, const char *interface, struct apply_actual *ret,
                         struct ls_fail *fail) LS_MUST_CHECK;
void apply_actual_done(struct apply_actual *actual);

struct apply_report {
	size_t counts[PLAN_STEP_KINDS]; /* steps that were done */
	bool no_ipv6;                   /* the host has IPv6 off: IPv6 was left out */
	size_t route_conflicts;         /* routes not added, as something else has them */
	struct ls_fail conflict;        /* the first of them */
};

/* -ENODEV when the interface is missing. On failure what was done stays done, and a repeat goes on
 * from there. */
int apply_interface(struct rtnl *rtnl, const struct plan *plan, struct apply_report *ret,
                    struct ls_fail *fail) LS_MUST_CHECK;
/* Removes what apply_interface made: routes and addresses; a missing interface is fine. */
int apply_interface_undo(struct rtnl *rtnl, const char *interface,
                         struct ls_fail *fail) LS_MUST_CHECK;

#endif
