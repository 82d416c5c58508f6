/* SPDX-License-Identifier: Apache-2.0 */
/* Nodes and peers as tables. */
#ifndef LS_CLI_SHOW_NODES_TABLE_H
#define LS_CLI_SHOW_NODES_TABLE_H

#include <stdbool.h>
#include <stddef.h>

#include "proto/netmap.h"
#include "proto/node_admin.h"

/* Prints nodes with what an administrator wants to know; if asked for, also when their requests to
 * join expire. */
void show_nodes_table_print(const struct node_list *list, bool expires);
/* Prints peers with what a node knows of them. */
void show_peers_table_print(const struct peer_info *peers, size_t count);
/* "active", "pending", "revoked", "key rotation due" */
const char *show_node_status(const struct node_info *node);
/* "192.168.1.0/24, 10.0.0.0/8 as 10.1.0.0/8, exit node"; malloced, "-" when there are none. */
char *show_routes_text(struct route_list routes);

/* Notes which peers or nodes have a key that is no key (proto/netmap.h): they cannot be reached. */
void show_peers_note_keys(const struct peer_info *peers, size_t count);
void show_nodes_note_keys(const struct node_list *list);

#endif
