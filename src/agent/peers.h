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

/* Follows a plan: forgets peers that are not in it, takes over names and candidates, and completes
 * `change` (the plan's peer steps) with the endpoints to set. On failure (-ENOMEM) nothing is to be
 * applied, and the next call makes up for it. */
int agent_peers_follow(struct peers *peers, const struct plan *plan,
                       struct wg_config *change) LS_MUST_CHECK;

/* Looks at the engine's state, logs what changed, and appends to `change` the endpoints that are to
 * be tried next. */
int agent_peers_observe(struct peers *peers, const struct wg_config *device, uint64_t now_ns,
                        struct wg_config *change) LS_MUST_CHECK;

size_t agent_peers_count(const struct peers *peers);

#endif
