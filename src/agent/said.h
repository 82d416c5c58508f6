/* SPDX-License-Identifier: Apache-2.0 */
/* Logs what plans leave out, and how the network itself changes: each only once. Control thread. */
#ifndef LS_AGENT_SAID_H
#define LS_AGENT_SAID_H

#include "plan/plan.h"
#include "proto/netmap.h"

struct said;

struct said *agent_said_new(void);
void agent_said_free(struct said *said); /* NULL is fine */

/* Logs what this plan leaves out and the last one did not (agent.skipped), and prefixes and a
 * domain of the network that differ from those of the last plan (agent.network_changed). */
void agent_said_plan(struct said *said, const struct netmap *netmap, const struct plan *plan);

#endif
