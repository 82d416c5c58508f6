/* SPDX-License-Identifier: Apache-2.0 */
/* The live peers of a WireGuard interface, with the names that the netmap gives them. */
#ifndef LS_CLI_SHOW_WG_TABLE_H
#define LS_CLI_SHOW_WG_TABLE_H

#include <jansson.h>

#include "proto/netmap.h"
#include "wgconfig/wg_config.h"

/* `map` may be NULL. */
void show_wg_table_print(const char *interface, const struct wg_config *config,
                         const struct netmap *map);
/* `{interface, listen_port, peers: [{name, id, public_key, endpoint, latest_handshake, rx_bytes,
 * tx_bytes, allowed_ips}]}`, a new reference; NULL when out of memory. */
json_t *show_wg_table_json(const char *interface, const struct wg_config *config,
                           const struct netmap *map);

#endif
