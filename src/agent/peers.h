/* SPDX-License-Identifier: Apache-2.0 */
/* What the agent knows of its peers in addition to the engine: the endpoint of each, and whether it
 * has been heard. Without I/O; control thread. */
#ifndef LS_AGENT_PEERS_H
#define LS_AGENT_PEERS_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "plan/plan.h"
#include "wgconfig/wg_config.h"

struct peers;

struct peers *agent_peers_new(uint64_t stale_ns);
void agent_peers_free(struct peers *peers);

/* Follows a plan: forgets peers that are not in it, takes over names and candidates, and chooses
 * endpoints. After -ENOMEM, the next call completes the work. */
int agent_peers_follow(struct peers *peers, const struct plan *plan) LS_MUST_CHECK;
/* Adds the endpoints to set to a change of the plan's peers. A peer that is new to the engine also
 * gets the endpoint that it had before. */
void agent_peers_complete(struct peers *peers, struct wg_config *change);
/* Appends to `change` the endpoints that are still to be set, of peers that the plan does not
 * change otherwise. */
int agent_peers_rest(struct peers *peers, struct wg_config *change) LS_MUST_CHECK;

/* Reads the engine's state, logs what changed, and appends to `change` the endpoints to try
 * next. */
int agent_peers_observe(struct peers *peers, const struct wg_config *device, uint64_t now_ns,
                        struct wg_config *change) LS_MUST_CHECK;

/* The peers that have answered, and have not stayed silent since when an answer was due. */
size_t agent_peers_reachable(const struct peers *peers);
size_t agent_peers_count(const struct peers *peers);

#endif
