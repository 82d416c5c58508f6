/* SPDX-License-Identifier: Apache-2.0 */
/* Prints this node as fields and as JSON. */
#ifndef LS_CLI_SHOW_NODE_TEXT_H
#define LS_CLI_SHOW_NODE_TEXT_H

#include <jansson.h>

#include "cli/session/session.h"

/* Name, network, addresses, whether it is active, revision, and routes of its own. */
void show_node_text_print(const struct session *session);
/* `{profile, network_id, node_id, node_name, ipv4, ipv6, approved, peers: [PeerInfo]}`, a new
 * reference; NULL when out of memory. Without a netmap `approved` is false. */
json_t *show_node_text_json(const struct session *session);

#endif
