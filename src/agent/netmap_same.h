/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LS_AGENT_NETMAP_SAME_H
#define LS_AGENT_NETMAP_SAME_H

#include <stdbool.h>

#include "proto/netmap.h"

/* True when two netmaps differ in nothing that a host is configured by: revisions, times, "last
 * seen" and probe requests are not looked at. Each may be NULL. Peers must be in the same order. */
bool agent_netmap_same(const struct netmap *a, const struct netmap *b);

#endif
