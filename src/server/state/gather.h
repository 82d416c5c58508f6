/* SPDX-License-Identifier: Apache-2.0 */
/* Gathers what heartbeats change. Each revision that clients see makes the server send a netmap to
 * every node of the network, so a node whose endpoint flaps would cost everybody. A network
 * therefore shows what heartbeats change at most once per second, the first after a quiet second at
 * once. And each node may cause GATHER_BURST revisions in a row, then one per GATHER_EVERY_S.
 *
 * A wish for probes is gathered in the same way; it ends long-polls without a new revision.
 *
 * What is gathered is stored, with its revision, and is in each netmap that is sent meanwhile. Only
 * the revision that clients see, and with it the end of their long-polls, comes later. All other
 * changes are shown at once, together with what was gathered before. */
#ifndef LS_SERVER_STATE_GATHER_H
#define LS_SERVER_STATE_GATHER_H

#include <stdint.h>

struct network;
struct node;
struct server_state;

enum {
	GATHER_S = 1,
	GATHER_BURST = 4,
	GATHER_EVERY_S = 15,
};

/* Times are of ls_now_ns(). */

/* When state_gather_run() has something to do; LS_NEVER: nothing is gathered. */
uint64_t state_gather_deadline(const struct server_state *state);
/* Shows what is due. */
void state_gather_run(struct server_state *state, uint64_t now_ns);

/* Only for state/. The network has a new revision or wish for probes: shows it to clients, at once
 * or later. `node` is the one whose heartbeat has changed something. */
void state_gather_add(struct server_state *state, struct network *network, struct node *node,
                      uint64_t now_ns);
void state_gather_show(struct server_state *state, struct network *network);

#endif
