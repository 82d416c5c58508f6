/* SPDX-License-Identifier: Apache-2.0 */
/* What agent or wg-up would do now, without doing it. It fetches a netmap, reads the host, and
 * sends and changes nothing else. It takes no lock, so that it works beside a running agent: then
 * it says what that one would do next. */
#ifndef LS_AGENT_DRY_RUN_H
#define LS_AGENT_DRY_RUN_H

#include <stdbool.h>

#include "agent/options.h"
#include "base/error.h"
#include "plan/plan.h"
#include "plan/steps.h"

struct apply_executor;
struct nl_socket;

struct dry_run {
	bool from_cache;      /* no server answered: the plan is that of the cached netmap */
	struct ls_fail cause; /* why it did not; or that the server does not know the node */
	struct plan *plan;
	struct plan_steps steps;         /* the very steps, in their order */
	struct apply_executor *executor; /* what the steps point into */
	struct nl_socket *rtnl;
};

/* `follows`: as the agent does, which drops its peers when the server does not know the node; wg-up
 * fails then. Free with agent_dry_run_done, also after a failure. */
int agent_dry_run(const struct agent_options *options, bool follows, struct dry_run *ret,
                  struct ls_fail *fail) LS_MUST_CHECK;
void agent_dry_run_done(struct dry_run *run);

#endif
