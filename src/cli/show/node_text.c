/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/show/node_text.h"

#include <inttypes.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "cli/frame/output.h"
#include "cli/show/nodes_table.h"
#include "json/json.h"

static void print_netmap_fields(const struct netmap *map)
{
	LS_FREE char *routes = show_routes_text(map->node.peer.routes);
	char age[CLI_AGE_TEXT];

	cli_field("DNS name", "%s", map->node.peer.dns_name);
	cli_field_list("endpoints", map->node.peer.endpoints);
	cli_field("routes", "%s", routes);
	cli_field_list("tags", map->node.peer.tags);
	cli_field("netmap", "revision %" PRIu64 ", %s", map->revision,
	          cli_ago(map->generated_at, ls_wall_s(), age));
}

void show_node_text_print(const struct session *session)
{
	const struct node_state *state = session->state;
	const struct netmap *map = state->last_netmap;
	bool good = map && map->node.approved && !map->node.revoked;
	char v4[LS_IP_TEXT], v6[LS_IP_TEXT];

	cli_field("profile", "%s", session->profile);
	cli_field("node", "%s (%s)", state->node_name, state->node_id);
	if (map)
		cli_field("network", "%s (%s)", map->network.name, state->network_id);
	else
		cli_field("network", "%s", state->network_id);
	cli_field("addresses", "%s, %s", ls_ip_format(&state->ipv4, v4),
	          ls_ip_format(&state->ipv6, v6));
	if (map) {
		cli_field("status", "%s", good ? "active" : show_node_status(&map->node));
		print_netmap_fields(map);
	} else {
		cli_field("status", "unknown: no netmap yet ('%s netmap' gets one)",
		          session->program);
	}
}

json_t *show_node_text_json(const struct session *session)
{
	const struct node_state *state = session->state;
	const struct netmap *map = state->last_netmap;
	struct json_writer w = json_begin();
	json_t *peers = json_array();

	for (size_t i = 0; map && i < map->peer_count; i++)
		w.failed |= !json_append(peers, proto_peer_info_encode(&map->peers[i]));
	json_put_string(&w, "profile", session->profile);
	json_put_string(&w, "network_id", state->network_id);
	json_put_string(&w, "node_id", state->node_id);
	json_put_string(&w, "node_name", state->node_name);
	json_put_ip(&w, "ipv4", &state->ipv4);
	json_put_ip(&w, "ipv6", &state->ipv6);
	json_put_bool(&w, "approved", map && map->node.approved);
	json_put(&w, "peers", peers);
	return json_finish(&w);
}
