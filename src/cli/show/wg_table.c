/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/show/wg_table.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/str.h"
#include "cli/frame/output.h"
#include "cli/frame/table.h"
#include "json/json.h"

/* NULL when the netmap has no such peer. */
static const struct peer_info *find_peer(const struct netmap *map, const struct wg_public_key *key)
{
	for (size_t i = 0; map && i < map->peer_count; i++) {
		if (key_equal(map->peers[i].wg_public_key.b, key->b))
			return &map->peers[i];
	}
	return NULL;
}

static void endpoint_cell(struct cli_table *table, const struct wg_peer_config *peer)
{
	char text[LS_ENDPOINT_TEXT];

	if (peer->endpoint.ip.family == LS_FAMILY_NONE)
		cli_table_cell(table, NULL);
	else
		cli_table_cell(table, ls_endpoint_format(&peer->endpoint, text));
}

static void allowed_cell(struct cli_table *table, const struct wg_peer_config *peer)
{
	struct ls_buf buf = {0};
	char text[LS_PREFIX_TEXT];

	for (size_t i = 0; i < peer->allowed_ip_count; i++)
		ls_buf_printf(&buf, "%s%s", i > 0 ? ", " : "",
		              ls_prefix_format(&peer->allowed_ips[i].prefix, text));
	cli_table_cell(table, ls_buf_text(&buf));
	ls_buf_done(&buf);
}

void show_wg_table_print(const char *interface, const struct wg_config *config,
                         const struct netmap *map)
{
	static const char *const headers[] = {"PEER",      "KEY",   "HANDSHAKE",   "ENDPOINT",
	                                      ">RECEIVED", ">SENT", "ALLOWED IPS", NULL};
	struct cli_table *table = cli_table_new(headers);
	char key[LS_KEY_SHORT_TEXT], age[CLI_AGE_TEXT], size[CLI_SIZE_TEXT];
	int64_t now = ls_wall_s();

	cli_field("interface", "%s, port %u", interface, config->listen_port);
	for (size_t i = 0; i < config->peer_count; i++) {
		const struct wg_peer_config *peer = &config->peers[i];
		const struct peer_info *info = find_peer(map, &peer->public_key);

		cli_table_cell(table, info ? info->name : NULL);
		cli_table_cell(table, key_short(peer->public_key.b, key));
		cli_table_cell(table, cli_ago((int64_t)peer->last_handshake_s, now, age));
		endpoint_cell(table, peer);
		cli_table_cell(table, cli_size(peer->rx_bytes, size));
		cli_table_cell(table, cli_size(peer->tx_bytes, size));
		allowed_cell(table, peer);
	}
	cli_table_print(table, stdout, "no peers");
	cli_table_free(table);
}

static json_t *peer_json(const struct wg_peer_config *peer, const struct netmap *map)
{
	const struct peer_info *info = find_peer(map, &peer->public_key);
	struct json_writer w = json_begin();
	json_t *allowed = json_array();
	char text[LS_ENDPOINT_TEXT], prefix[LS_PREFIX_TEXT];

	for (size_t i = 0; i < peer->allowed_ip_count; i++)
		w.failed |= !json_append(allowed, json_string(ls_prefix_format(
		                                          &peer->allowed_ips[i].prefix, prefix)));
	json_put_string(&w, "id", info ? info->id : NULL);
	json_put_string(&w, "name", info ? info->name : NULL);
	json_put_key(&w, "public_key", peer->public_key.b);
	json_put_string(&w, "endpoint",
	                peer->endpoint.ip.family == LS_FAMILY_NONE
	                        ? NULL
	                        : ls_endpoint_format(&peer->endpoint, text));
	json_put_u64(&w, "latest_handshake", peer->last_handshake_s);
	json_put_u64(&w, "rx_bytes", peer->rx_bytes);
	json_put_u64(&w, "tx_bytes", peer->tx_bytes);
	json_put(&w, "allowed_ips", allowed);
	return json_finish(&w);
}

json_t *show_wg_table_json(const char *interface, const struct wg_config *config,
                           const struct netmap *map)
{
	struct json_writer w = json_begin();
	json_t *peers = json_array();

	for (size_t i = 0; i < config->peer_count; i++)
		w.failed |= !json_append(peers, peer_json(&config->peers[i], map));
	json_put_string(&w, "interface", interface);
	json_put_u64(&w, "listen_port", config->listen_port);
	json_put(&w, "peers", peers);
	return json_finish(&w);
}
