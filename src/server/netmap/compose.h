/* SPDX-License-Identifier: Apache-2.0 */
/* Builds a node's netmap as JSON text. The texts of the network, of the nodes and of the relays are
 * encoded once and shared by all netmaps, also while they are being sent: a netmap has only its own
 * node's part, and references to the rest. */
#ifndef LS_SERVER_NETMAP_COMPOSE_H
#define LS_SERVER_NETMAP_COMPOSE_H

#include <event2/buffer.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "proto/netmap.h"
#include "server/state/text.h"

struct node;

/* Appends the NetMap of `node`. `relay` is RelayConfig as text, or "null". Adds to *shared how many
 * bytes less it takes in memory, since other netmaps share texts of it. -ENOMEM. */
int netmap_compose(struct node *node, struct text *relay, int64_t now, struct evbuffer *out,
                   size_t *shared) LS_MUST_CHECK;

/* True when another node wants probes, and no netmap of the viewer has said so. */
bool netmap_has_news_of_probes(struct node *viewer, int64_t now);

/* NodeInfo as admins see it: `approved` as it was decided, and the newest last_seen. Borrows
 * from `node`. */
struct node_info netmap_node_info(const struct node *node);

#endif
