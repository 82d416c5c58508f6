/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LS_AGENT_NETMAP_SAME_H
#define LS_AGENT_NETMAP_SAME_H

#include <stdbool.h>

#include "proto/netmap.h"

/* True when two netmaps configure a host in the same way: ignores revisions, times, "last seen" and
 * probe requests. Each may be NULL. Peers must be in the same order. */
bool agent_netmap_same(const struct netmap *a, const struct netmap *b);

#endif
