/* SPDX-License-Identifier: Apache-2.0 */
/* Which names of the network's nodes this host may use. Without I/O. */
#ifndef LS_PLAN_NAMES_H
#define LS_PLAN_NAMES_H

#include "base/map.h"
#include "plan/facts.h"
#include "proto/netmap.h"

/* Why this host must not use the node's DNS name; a static text, NULL when it may. */
const char *plan_names_fault(const struct network_info *network, const struct plan_facts *facts,
                             const struct peer_info *peer);

/* Why this host must not use the node's name alone, without the domain; NULL when it may. `local`
 * has the names that this host already has, in lower case. */
const char *plan_names_short_fault(const struct plan_facts *facts, const struct ls_map *local,
                                   const char *name);

#endif
