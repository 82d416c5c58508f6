/* SPDX-License-Identifier: Apache-2.0 */
/* The agent: makes one WireGuard interface of this host match a network's netmap, and keeps it so.
 * A single thread with one event loop; the data plane has its own threads.
 *
 * Its states and log lines are stable: docs/agent.md lists them. */
#ifndef LS_AGENT_AGENT_H
#define LS_AGENT_AGENT_H

#include "agent/options.h"
#include "base/error.h"

/* Runs until SIGINT or SIGTERM, then removes what it made and returns 0. Fails with one line when
 * it cannot start: there is no state or no data plane on this host, another agent uses the
 * interface or the profile, or the listen port is taken. A failure to reach the control server
 * never ends it. */
int agent_run(const struct agent_options *options, struct ls_fail *fail) LS_MUST_CHECK;

/* wg-up: fetches one netmap (or takes the cached one when no server answers), then runs the tunnel
 * in the foreground until a signal, without heartbeats or long-polls. */
int agent_wg_up(const struct agent_options *options, struct ls_fail *fail) LS_MUST_CHECK;

/* wg-down: removes the interface and its UAPI socket. LS_ERROR_BAD_VALUE for a name that does not
 * begin with "ls-"; LS_ERROR_NOT_FOUND when nothing is there; -EBUSY when a running process serves
 * the interface. */
int agent_wg_down(const char *interface, struct ls_fail *fail) LS_MUST_CHECK;

#endif
