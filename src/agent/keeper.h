/* SPDX-License-Identifier: Apache-2.0 */
/* The netmap at hand: put into effect through the tunnel, then kept in the profile's state file.
 *
 * A netmap is applied first. It is saved only when a server has answered since: a netmap that cuts
 * this node off from its servers is not there after a restart, the one before it is. Event loop's
 * thread only. */
#ifndef LS_AGENT_KEEPER_H
#define LS_AGENT_KEEPER_H

#include <stdbool.h>
#include <stdint.h>

#include "agent/tunnel.h"
#include "base/error.h"
#include "profile/node_state.h"
#include "proto/netmap.h"

struct event_base;
struct keeper;

struct keeper_options {
	struct event_base *base;
	const char *state_path;
	/* Another command wrote the state file. `token` is the node's, NULL: none. */
	void (*token)(void *arg, const char *token);
	void *arg;
	uint64_t backoff_first_ns; /* between attempts to apply a netmap */
	uint64_t backoff_cap_ns;
};

/* Loads the state; copies the options. */
int agent_keeper_open(const struct keeper_options *options, struct keeper **ret,
                      struct ls_fail *fail) LS_MUST_CHECK;
/* Waits a moment for the state file when it is being written. NULL is fine. */
void agent_keeper_close(struct keeper *keeper);

/* Where netmaps are applied; before any of the functions below. NULL before the tunnel is closed.
 */
void agent_keeper_set_tunnel(struct keeper *keeper, struct tunnel *tunnel);

/* Who this node is, its keys, and the netmap at hand. Until the next call or turn of the loop. */
const struct node_state *agent_keeper_state(const struct keeper *keeper);

/* A server's netmap, which is of this node: applied when it is news. Takes it over. */
void agent_keeper_take(struct keeper *keeper, struct netmap *netmap);
/* The server does not know this node any more: its peers go, until the next agent_keeper_take. */
void agent_keeper_disown(struct keeper *keeper);
/* Makes the host match the netmap at hand, if there is one. Failures are logged, and tried again by
 * agent_keeper_tick. */
void agent_keeper_apply(struct keeper *keeper);

/* A server answered. Before agent_keeper_take of what it answered. */
void agent_keeper_answered(struct keeper *keeper);
/* True when the netmap at hand is to be saved once a server has answered. */
bool agent_keeper_is_unsaved(const struct keeper *keeper);
/* To be called every few seconds: tries again what failed, and takes over keys that another command
 * rotated. */
void agent_keeper_tick(struct keeper *keeper, uint64_t now_ns);

#endif
