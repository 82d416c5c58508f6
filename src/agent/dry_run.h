/* SPDX-License-Identifier: Apache-2.0 */
/* Finds out what agent or wg-up would do now, without doing it. It fetches a netmap and reads the
 * host's configuration; it sends and changes nothing else. It takes no lock, so that it also works
 * beside a running agent, and then shows what that agent would do next. */
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
	bool from_cache;      /* no server answered: the plan comes from the cached netmap */
	struct ls_fail cause; /* why not, or that the server does not know the node */
	struct plan *plan;
	struct plan_steps steps;         /* the steps in the order of execution */
	struct apply_executor *executor; /* the steps point into it */
	struct nl_socket *rtnl;
};

/* `follows` is true for the agent, which drops its peers when the server does not know the node;
 * wg-up (false) fails then. The caller ends `ret` with agent_dry_run_done, also after a failure. */
int agent_dry_run(const struct agent_options *options, bool follows, struct dry_run *ret,
                  struct ls_fail *fail) LS_MUST_CHECK;
void agent_dry_run_done(struct dry_run *run);

#endif
