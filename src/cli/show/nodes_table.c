/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/show/nodes_table.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/str.h"
#include "cli/frame/output.h"
#include "cli/frame/table.h"

const char *show_node_status(const struct node_info *node)
{
	if (node->revoked)
		return "revoked";
	if (node->key_rotation_required)
		return "key rotation due";
	if (node->cloned)
		return "on two machines";
	return node->approved ? "active" : "pending";
}

static void add_route(struct ls_buf *buf, const struct route *route)
{
	char prefix[LS_PREFIX_TEXT];

	ls_buf_printf(buf, "%s%s", buf->len > 0 ? ", " : "",
	              ls_prefix_format(&route->prefix, prefix));
	if (route->has_mapped)
		ls_buf_printf(buf, " as %s", ls_prefix_format(&route->mapped_prefix, prefix));
	if (!route->enabled)
		ls_buf_puts(buf, " (off)");
}

char *show_routes_text(struct route_list routes)
{
	struct ls_buf buf = {0};
	bool exit_node = false;

	for (size_t i = 0; i < routes.count; i++) {
		if (routes.items[i].kind == ROUTE_EXIT)
			exit_node |= routes.items[i].enabled;
		else
			add_route(&buf, &routes.items[i]);
	}
	if (exit_node)
		ls_buf_printf(&buf, "%sexit node", buf.len > 0 ? ", " : "");
	if (buf.len == 0)
		ls_buf_puts(&buf, "-");
	if (buf.failed)
		abort();
	return buf.data;
}

/* Lists have the order of ids, which tell people nothing: tables have that of names. */
static int by_name(const struct peer_info *a, const struct peer_info *b)
{
	int r = strcasecmp(a->name, b->name);

	return r != 0 ? r : strcmp(a->id, b->id);
}

static int compare_peers(const void *a, const void *b)
{
	const struct peer_info *const *x = a, *const *y = b;

	return by_name(*x, *y);
}

static int compare_nodes(const void *a, const void *b)
{
	const struct node_info *const *x = a, *const *y = b;

	return by_name(&(*x)->peer, &(*y)->peer);
}

void show_nodes_table_print(const struct node_list *list, bool expires)
{
	static const char *const headers[] = {"NAME",      "STATUS", "IPV4", "IPV6",
	                                      "LAST SEEN", "TAGS",   "ID",   NULL};
	static const char *const with_expires[] = {"NAME", "STATUS",  "IPV4", "IPV6", "LAST SEEN",
	                                           "TAGS", "EXPIRES", "ID",   NULL};
	struct cli_table *table = cli_table_new(expires ? with_expires : headers);
	int64_t now = ls_wall_s();
	char text[LS_IP_TEXT], age[CLI_AGE_TEXT];
	LS_FREE const struct node_info **nodes = ls_try_array(list->count, sizeof(*nodes));

	if (!nodes)
		abort();
	for (size_t i = 0; i < list->count; i++)
		nodes[i] = &list->items[i];
	qsort(nodes, list->count, sizeof(*nodes), compare_nodes);
	for (size_t i = 0; i < list->count; i++) {
		const struct node_info *node = nodes[i];
		LS_FREE char *tags = cli_join(node->peer.tags, ", ");

		cli_table_cell(table, node->peer.name);
		cli_table_cell(table, show_node_status(node));
		cli_table_cell(table, ls_ip_format(&node->peer.ipv4, text));
		cli_table_cell(table, ls_ip_format(&node->peer.ipv6, text));
		cli_table_cell(table, cli_ago(node->peer.last_seen, now, age));
		cli_table_cell(table, tags);
		if (expires)
			cli_table_cell(table, node->approval_expires_at
			                              ? cli_age(node->approval_expires_at, now, age)
			                              : "-");
		cli_table_cell(table, node->peer.id);
	}
	cli_table_print(table, stdout, "no nodes");
	cli_table_free(table);
}

void show_peers_note_keys(const struct peer_info *peers, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (key_is_zero(peers[i].wg_public_key.b))
			cli_note("Left out: peer %s (%s): its public key is no key.", peers[i].name,
			         peers[i].id);
	}
}

void show_nodes_note_keys(const struct node_list *list)
{
	for (size_t i = 0; i < list->count; i++) {
		const struct node_info *node = &list->items[i];
		const bool wg = key_is_zero(node->peer.wg_public_key.b);

		if (wg || key_is_zero(node->machine_public_key.b))
			cli_note("Node %s (%s): its %s key is no key%s.", node->peer.name,
			         node->peer.id, wg ? "WireGuard" : "machine",
			         wg ? ", so nobody can reach it" : "");
	}
}

void show_peers_table_print(const struct peer_info *peers, size_t count)
{
	static const char *const headers[] = {"PEER",      "IPV4",   "IPV6", "ENDPOINTS",
	                                      "LAST SEEN", "ROUTES", NULL};
	struct cli_table *table = cli_table_new(headers);
	int64_t now = ls_wall_s();
	char text[LS_IP_TEXT], age[CLI_AGE_TEXT];
	LS_FREE const struct peer_info **sorted = ls_try_array(count, sizeof(*sorted));
	size_t n = 0;

	if (!sorted)
		abort();
	for (size_t i = 0; i < count; i++) {
		if (!key_is_zero(peers[i].wg_public_key.b))
			sorted[n++] = &peers[i];
	}
	qsort(sorted, n, sizeof(*sorted), compare_peers);
	for (size_t i = 0; i < n; i++) {
		const struct peer_info *peer = sorted[i];
		LS_FREE char *endpoints = cli_join(peer->endpoints, ", ");
		LS_FREE char *routes = show_routes_text(peer->routes);

		cli_table_cell(table, peer->name);
		cli_table_cell(table, ls_ip_format(&peer->ipv4, text));
		cli_table_cell(table, ls_ip_format(&peer->ipv6, text));
		cli_table_cell(table, endpoints);
		cli_table_cell(table, cli_ago(peer->last_seen, now, age));
		cli_table_cell(table, routes);
	}
	cli_table_print(table, stdout, "no peers");
	cli_table_free(table);
}
