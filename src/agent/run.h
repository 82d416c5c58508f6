/* SPDX-License-Identifier: Apache-2.0 */
/* Inside of a running agent: what agent.c (life, events) and reconcile.c (netmaps, state) share. */
#ifndef LS_AGENT_RUN_H
#define LS_AGENT_RUN_H

#include <stdbool.h>
#include <stdint.h>

#include "agent/lockfile.h"
#include "agent/machine.h"
#include "agent/options.h"
#include "agent/tunnel.h"
#include "agent/uplink.h"
#include "control/backoff.h"
#include "profile/node_state.h"

struct event;
struct event_base;

struct agent {
	const struct agent_options *options;
	struct event_base *base;
	struct node_state *state; /* its last_netmap is the one at hand; never NULL once loaded */
	struct lockfile guard;
	struct lockfile pid_file;
	struct tunnel *tunnel;
	struct uplink *link;  /* NULL in wg-up */
	struct route *routes; /* announced */
	size_t route_count;
	struct event *sigint;
	struct event *sigterm;
	struct event *tick;
	struct event *peer_event;
	struct event *peer_settle; /* a little after peer_event: several changes at once */
	int stop_signal;           /* 0: none */
	uint64_t tick_ns;          /* of the last tick */

	struct machine machine;
	bool from_server; /* a server's netmap was taken in this run */
	int said_failure; /* the code of the last that was logged; 0: none since an answer */
	int said_observe; /* the same of looking at the tunnel */
	bool said_key;    /* that the server has another key */
	bool unsaved;     /* the netmap at hand is not in the state file: the same */
	bool unapplied;   /* the netmap at hand is not in force: to be tried again */
	uint64_t retry_ns;
	struct backoff retry;
};

/* Takes a netmap over: into force, and into the state file when it says something new. */
void agent_take_netmap(struct agent *agent, struct netmap *netmap);
/* Makes the host match the netmap at hand, or without peers when the agent is cut off. Failures are
 * logged and tried again by agent_retry. `source` is "server" or "cache". */
void agent_reconcile(struct agent *agent, const char *source);
void agent_retry(struct agent *agent, uint64_t now_ns);
/* Writes the state file when that failed before: another command held it, or the disk was full. */
void agent_save_again(struct agent *agent);
/* Takes over a key that another command rotated; to be called every few seconds. */
void agent_watch_key(struct agent *agent);
/* A failed heartbeat. */
void agent_take_failure(struct agent *agent, const struct ls_fail *fail, unsigned retry_ms);

#endif
