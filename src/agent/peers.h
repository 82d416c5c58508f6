/* SPDX-License-Identifier: Apache-2.0 */
/* The agent's view of its peers beside the engine's: which endpoint each is reached at, and whether
 * it has been heard. Without I/O; control thread. */
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
 * their endpoints. -ENOMEM: the next call makes up for it. */
int agent_peers_follow(struct peers *peers, const struct plan *plan) LS_MUST_CHECK;
/* Completes a change of the plan's peers with the endpoints to set. A peer that the engine has yet
 * to get also gets the endpoint that it had. */
void agent_peers_complete(struct peers *peers, struct wg_config *change);
/* Appends to `change` the endpoints that are still to be set: of peers that a plan changes in
 * nothing else. */
int agent_peers_rest(struct peers *peers, struct wg_config *change) LS_MUST_CHECK;

/* Looks at the engine's state, logs what changed, and appends to `change` the endpoints that are to
 * be tried next. */
int agent_peers_observe(struct peers *peers, const struct wg_config *device, uint64_t now_ns,
                        struct wg_config *change) LS_MUST_CHECK;

#endif
