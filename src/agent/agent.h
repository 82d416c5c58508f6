/* SPDX-License-Identifier: Apache-2.0 */
/* The agent: keeps one WireGuard interface of this host as one network's netmap wants it. Single
 * thread over one event loop; the data plane has threads of its own.
 *
 * Its states and log lines are stable: docs/agent.md lists them.
 */
#ifndef LS_AGENT_AGENT_H
#define LS_AGENT_AGENT_H

#include "agent/options.h"
#include "base/error.h"

/* Runs until SIGINT or SIGTERM, then removes what it made; 0 then. Fails with one line when it
 * cannot start: no state, no data plane on this host, the interface or profile is in use by
 * another agent, a taken listen port. Trouble with the control server is never a failure. */
int agent_run(const struct agent_options *options, struct ls_fail *fail) LS_MUST_CHECK;

/* wg-up with the userspace engine: one netmap (the cached one when no server answers), then the
 * tunnel in the foreground until a signal, without heartbeats or long-polls. */
int agent_wg_up(const struct agent_options *options, struct ls_fail *fail) LS_MUST_CHECK;

/* wg-down: removes the interface and its UAPI socket. Only names that begin with "ls-"
 * (LS_ERROR_BAD_VALUE); nothing there is LS_ERROR_NOT_FOUND; an interface that a running process
 * serves is -EBUSY. */
int agent_wg_down(const char *interface, struct ls_fail *fail) LS_MUST_CHECK;

#endif
