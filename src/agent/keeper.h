/* SPDX-License-Identifier: Apache-2.0 */
/* Keeps the current netmap: applies it through the tunnel, then saves it in the profile's state
 * file.
 *
 * A netmap is applied first. It is saved only when a server has answered after that: if a netmap
 * cuts this node off from its servers, a restart goes back to the netmap before it. Event loop's
 * thread only. */
#ifndef LS_AGENT_KEEPER_H
#define LS_AGENT_KEEPER_H

#include <stdbool.h>
#include <stdint.h>

#include "agent/tunnel.h"
#include "base/error.h"
#include "control/url.h"
#include "profile/node_state.h"
#include "proto/netmap.h"

struct event_base;
struct keeper;
struct ls_stamps;

struct keeper_options {
	struct event_base *base;
	const char *state_path;
	/* Called when another command has written the state file. `token` is the node's; NULL:
	 * none. `registered`: the profile was registered again, as another node. */
	void (*changed)(void *arg, const char *token, bool registered);
	void *arg;
	uint64_t backoff_first_ns; /* between attempts to apply a netmap */
	uint64_t backoff_cap_ns;
};

/* Loads the state. Copies the options. */
int agent_keeper_open(const struct keeper_options *options, struct keeper **ret,
                      struct ls_fail *fail) LS_MUST_CHECK;
/* Saves the floor of the timestamps as it is at the end, and waits a moment while the state file is
 * being written. NULL is fine. */
void agent_keeper_close(struct keeper *keeper);

/* Sets the tunnel to which netmaps are applied. Call it before any of the functions below, and with
 * NULL before the tunnel is closed. */
void agent_keeper_set_tunnel(struct keeper *keeper, struct tunnel *tunnel);

/* The node's identity, its keys and the current netmap. Valid until the next call or turn of the
 * event loop. */
const struct node_state *agent_keeper_state(const struct keeper *keeper);

/* The addresses of the control servers: those of the state file, and what this run learns. The
 * connections to the servers write into it; what is worth it is saved after an answer. */
struct known_hosts *agent_keeper_known(struct keeper *keeper);

/* The clock for the timestamps of handshakes. It begins at the floor of the state file, and the
 * keeper saves a later floor before it gets there. Valid while the keeper is open. */
struct ls_stamps *agent_keeper_stamps(struct keeper *keeper);

/* Takes over a server's netmap for this node, and applies it if anything has changed. `server` is
 * the URL of that server, to be remembered; NULL: not known. */
void agent_keeper_take(struct keeper *keeper, struct netmap *netmap, const char *server);
/* The servers that gave this node a netmap, in this run or before: bit i is item i of `urls`. */
uint32_t agent_keeper_own_servers(const struct keeper *keeper, const struct control_url_list *urls);
/* The server does not know this node any more: removes its peers, until the next
 * agent_keeper_take. */
void agent_keeper_disown(struct keeper *keeper);
/* Makes the host match the current netmap, if there is one. A failure is logged; agent_keeper_tick
 * tries again. */
void agent_keeper_apply(struct keeper *keeper);

/* No server answers, or this host has come into another network. Applies the netmap again if it was
 * applied before: addresses of servers, gateways and name servers that are known by now leave the
 * tunnel (plan/underlay.h), and what was left out because of the old network comes back. */
void agent_keeper_replan(struct keeper *keeper);

/* A server has answered a request that was started at asked_ns. An answer to a request from before
 * the netmap was applied does not count: it may have arrived before that. Call it before
 * agent_keeper_take with the netmap of that answer. */
void agent_keeper_answered(struct keeper *keeper, uint64_t asked_ns);
/* True when the current netmap is to be saved after a server's next answer. */
bool agent_keeper_is_unsaved(const struct keeper *keeper);
/* Call it every few seconds: it retries what failed, and takes over keys that another command has
 * rotated. */
void agent_keeper_tick(struct keeper *keeper, uint64_t now_ns);

#endif
