/* SPDX-License-Identifier: Apache-2.0 */
/* The facts that the kernel knows. */
#include <errno.h>
#include <linux/rtnetlink.h>

#include "apply/facts.h"
#include "base/mem.h"
#include "netlink/rtnl.h"

enum {
	LOOKUPS_MAX = 256, /* enough to find every device that is in use */
	LINKS_MAX = 16,
};

/* The state of one call; the MTU of each link is asked for only once. */
struct gathering {
	struct nl_socket *rtnl;
	struct apply_facts *facts;
	uint32_t own_link; /* 0: the tunnel does not exist yet */
	uint32_t mark;
	struct {
		uint32_t index;
		uint32_t mtu;
	} links[LINKS_MAX];
	size_t link_count;
	size_t lookups;
	uint32_t smallest; /* smallest MTU so far; 0: none */
};

static uint32_t link_mtu(struct gathering *g, uint32_t index)
{
	struct rtnl_link link;

	for (size_t i = 0; i < g->link_count; i++) {
		if (g->links[i].index == index)
			return g->links[i].mtu;
	}
	if (rtnl_link_get_by_index(g->rtnl, index, &link, NULL) < 0)
		return 0;
	if (g->link_count < LINKS_MAX) {
		g->links[g->link_count].index = index;
		g->links[g->link_count++].mtu = link.mtu;
	}
	return link.mtu;
}

/* Looks up the route to an address outside the tunnel: its gateway and, if wanted, its MTU. */
static int look_at(struct gathering *g, const struct ls_ip *ip, bool wants_mtu)
{
	struct rtnl_route route;
	uint32_t mtu;

	if (g->lookups++ >= LOOKUPS_MAX ||
	    rtnl_route_lookup(g->rtnl, ip, g->mark, &route, NULL) < 0 || route.link == 0 ||
	    route.link == g->own_link)
		return 0;
	mtu = !wants_mtu ? 0 : route.mtu ? route.mtu : link_mtu(g, route.link);
	if (mtu && (!g->smallest || mtu < g->smallest))
		g->smallest = mtu;
	if (route.gateway.family == LS_FAMILY_NONE)
		return 0;
	return apply_facts_add_underlay(g->facts, &route.gateway, PLAN_UNDERLAY_GATEWAY);
}

/* The control servers and name servers, and the Internet: one address in each half of it, because
 * some programs split the default route. Nothing is sent. */
static int look_around(struct gathering *g)
{
	static const char *const somewhere[] = {"1.0.0.1", "192.0.2.1", "2001:db8::1", "9000::1"};
	size_t count = g->facts->facts.underlay_count;
	int r = 0;

	for (size_t i = 0; i < count && r == 0; i++) {
		const struct plan_underlay at = g->facts->underlay[i];

		r = look_at(g, &at.ip, at.kind == PLAN_UNDERLAY_CONTROL);
	}
	for (size_t i = 0; i < sizeof(somewhere) / sizeof(somewhere[0]) && r == 0; i++) {
		struct ls_ip ip;

		if (ls_ip_parse(somewhere[i], &ip) == 0)
			r = look_at(g, &ip, false);
	}
	return r;
}

static int look_at_peers(struct gathering *g, const struct netmap *netmap)
{
	for (size_t i = 0; i < netmap->peer_count && g->lookups < LOOKUPS_MAX; i++) {
		const struct string_list *endpoints = &netmap->peers[i].endpoints;

		for (size_t j = 0; j < endpoints->count; j++) {
			struct ls_endpoint endpoint;
			int r = 0;

			if (ls_endpoint_parse(endpoints->items[j], &endpoint) == 0)
				r = look_at(g, &endpoint.ip, true);
			if (r < 0)
				return r;
		}
	}
	return 0;
}

/* Single addresses do not count: those of other tunnels, and of the other ends of lines. */
static int add_prefix(struct apply_facts *facts, const struct ls_ip *ip, uint8_t bits)
{
	const struct ls_prefix prefix = {.ip = *ip, .bits = bits};
	size_t count = facts->facts.local_prefix_count;
	void *items = facts->prefixes;
	int r;

	if (bits == 0 || bits >= ls_family_bits(ip->family) - 1 || ls_ip_is_loopback(ip) ||
	    ls_ip_is_link_local(ip))
		return 0;
	r = ls_try_grow(&items, &facts->prefix_cap, count + 1, sizeof(*facts->prefixes));
	if (r < 0)
		return r;
	facts->prefixes = items;
	facts->prefixes[count] = ls_prefix_masked(&prefix);
	facts->facts.local_prefixes = facts->prefixes;
	facts->facts.local_prefix_count = count + 1;
	return 0;
}

static int gather_addresses(struct gathering *g, struct ls_fail *fail)
{
	struct apply_facts *facts = g->facts;
	struct rtnl_address_list list;
	int r = rtnl_address_list(g->rtnl, 0, &list, fail);

	if (r < 0)
		return r;
	facts->addresses = ls_try_array(list.count, sizeof(*facts->addresses));
	if (!facts->addresses)
		r = -ENOMEM;
	for (size_t i = 0; r == 0 && i < list.count; i++) {
		if (list.items[i].link == g->own_link)
			continue;
		facts->addresses[facts->facts.local_address_count++] = list.items[i].ip;
		r = add_prefix(facts, &list.items[i].ip, list.items[i].bits);
	}
	rtnl_address_list_done(&list);
	facts->facts.local_addresses = facts->addresses;
	return r;
}

/* The routes that people and programs of this host have made; not those of routing daemons, which
 * may be a million. */
static int gather_routes(struct gathering *g, struct ls_fail *fail)
{
	static const uint8_t makers[] = {RTPROT_BOOT, RTPROT_STATIC, RTPROT_DHCP, RTPROT_RA};
	int r = 0;

	for (size_t m = 0; r == 0 && m < sizeof(makers); m++) {
		struct rtnl_route_list list;

		r = rtnl_route_list_of(g->rtnl, makers[m], &list, fail);
		if (r < 0)
			return r;
		for (size_t i = 0; r == 0 && i < list.count; i++) {
			const struct rtnl_route *at = &list.items[i];

			if (at->link != g->own_link)
				r = add_prefix(g->facts, &at->prefix.ip, at->prefix.bits);
		}
		rtnl_route_list_done(&list);
	}
	return r;
}

static int gather(struct gathering *g, const struct apply_facts_query *query, struct ls_fail *fail)
{
	struct rtnl_link link;
	int r = rtnl_link_get(g->rtnl, query->interface, &link, fail);

	if (r < 0 && r != -ENODEV)
		return r;
	if (r == 0)
		g->own_link = link.index;
	r = gather_addresses(g, fail);
	if (r < 0)
		return r;
	r = gather_routes(g, fail);
	if (r < 0)
		return r;
	r = look_around(g);
	if (r < 0)
		return r;
	r = look_at_peers(g, query->netmap);
	g->facts->facts.underlay_mtu = g->smallest;
	return r;
}

int apply_facts_gather(struct nl_socket *rtnl, const struct apply_facts_query *query,
                       struct apply_facts *ret, struct ls_fail *fail)
{
	struct apply_facts facts = {0};
	struct gathering g = {.rtnl = rtnl, .facts = &facts, .mark = query->mark};
	struct ls_fail why = {0};
	int r = apply_facts_read(query, &facts, fail);

	if (r < 0)
		return r;
	r = gather(&g, query, &why);
	if (r < 0) {
		apply_facts_done(&facts);
		return ls_fail_set(fail, r, "%s", r == -ENOMEM ? "out of memory" : why.text);
	}
	*ret = facts;
	return 0;
}
