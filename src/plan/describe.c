/* SPDX-License-Identifier: Apache-2.0 */
#include "plan/diff.h"

static void add_prefixes(const struct ls_prefix *list, size_t count, struct ls_buf *out)
{
	char text[LS_PREFIX_TEXT];

	for (size_t i = 0; i < count; i++)
		ls_buf_printf(out, "%s%s", i ? ", " : "", ls_prefix_format(&list[i], text));
}

static void add_route(const char *verb, const struct plan_route *route, struct ls_buf *out)
{
	char text[LS_PREFIX_TEXT];

	ls_buf_printf(out, "%s%sroute %s table %u", verb, *verb ? " " : "",
	              ls_prefix_format(&route->prefix, text), route->table);
	if (route->metric)
		ls_buf_printf(out, " metric %u", route->metric);
}

static void describe_peer(const char *verb, const struct plan_step *step, struct ls_buf *out)
{
	char key[LS_KEY_SHORT_TEXT];

	ls_buf_printf(out, "%s peer %s", verb, key_short(step->key.b, key));
	if (!step->wanted)
		return;
	ls_buf_printf(out, " (%s), allowed IPs ", step->wanted->name);
	add_prefixes(step->wanted->allowed_ips, step->wanted->allowed_ip_count, out);
}

static void describe_step(const struct plan_step *step, struct ls_buf *out)
{
	char text[LS_PREFIX_TEXT];

	switch (step->kind) {
	case PLAN_STEP_CREATE:
		ls_buf_puts(out, "create the interface");
		break;
	case PLAN_STEP_ROUTE_REMOVE:
		add_route("remove", &step->route, out);
		break;
	case PLAN_STEP_PEER_REMOVE:
		describe_peer("remove", step, out);
		break;
	case PLAN_STEP_PEER_CHANGE:
		describe_peer("change", step, out);
		break;
	case PLAN_STEP_PEER_ADD:
		describe_peer("add", step, out);
		break;
	case PLAN_STEP_ADDRESS_REMOVE:
		ls_buf_printf(out, "remove address %s", ls_prefix_format(&step->address, text));
		break;
	case PLAN_STEP_ADDRESS_ADD:
		ls_buf_printf(out, "add address %s", ls_prefix_format(&step->address, text));
		break;
	case PLAN_STEP_MTU:
		ls_buf_printf(out, "set MTU %u", step->mtu);
		break;
	case PLAN_STEP_UP:
		ls_buf_puts(out, "bring the interface up");
		break;
	case PLAN_STEP_ROUTE_ADD:
		add_route("add", &step->route, out);
		break;
	case PLAN_STEP_KINDS:
		break;
	}
	ls_buf_puts(out, "\n");
}

void plan_steps_describe(const struct plan_steps *steps, struct ls_buf *out)
{
	for (size_t i = 0; i < steps->count; i++)
		describe_step(&steps->items[i], out);
}

static void describe_plan_peer(const struct plan_peer *peer, struct ls_buf *out)
{
	char key[LS_KEY_TEXT], endpoint[LS_ENDPOINT_TEXT];

	ls_buf_printf(out, "peer %s\n  public key   %s\n  allowed IPs  ", peer->name,
	              key_encode(peer->public_key.b, key));
	add_prefixes(peer->allowed_ips, peer->allowed_ip_count, out);
	ls_buf_puts(out, "\n  endpoints    ");
	if (peer->endpoint_count == 0)
		ls_buf_puts(out, "none known");
	for (size_t i = 0; i < peer->endpoint_count; i++)
		ls_buf_printf(out, "%s%s", i ? ", " : "",
		              ls_endpoint_format(&peer->endpoints[i], endpoint));
	ls_buf_puts(out, "\n");
	if (peer->keepalive_s)
		ls_buf_printf(out, "  keepalive    %u s\n", peer->keepalive_s);
}

void plan_describe(const struct plan *plan, struct ls_buf *out)
{
	char ip[LS_IP_TEXT];

	ls_buf_printf(out, "interface %s\n  mtu          %u\n  addresses    ", plan->interface,
	              plan->mtu);
	add_prefixes(plan->addresses, plan->address_count, out);
	ls_buf_puts(out, "\n");
	if (plan->hold)
		ls_buf_printf(out, "  on hold      %s: no peers\n", plan->hold);
	for (size_t i = 0; i < plan->peer_count; i++)
		describe_plan_peer(&plan->peers[i], out);
	for (size_t i = 0; i < plan->route_count; i++) {
		add_route("", &plan->routes[i], out);
		ls_buf_puts(out, "\n");
	}
	for (size_t i = 0; i < plan->host_count; i++) {
		const struct plan_host *host = &plan->hosts[i];

		ls_buf_printf(out, "name %s %s%s%s\n", ls_ip_format(&host->ip, ip), host->dns_name,
		              host->short_name ? " " : "",
		              host->short_name ? host->short_name : "");
	}
	for (size_t i = 0; i < plan->skip_count; i++)
		ls_buf_printf(out, "left out: %s: %s\n", plan->skips[i].what,
		              plan->skips[i].reason);
}
