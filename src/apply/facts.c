/* SPDX-License-Identifier: Apache-2.0 */
#include "apply/facts.h"

#include <errno.h>
#include <stdlib.h>

#include "base/mem.h"

enum {
	LOOKUPS_MAX = 256, /* enough to find every device that is in use */
	LINKS_MAX = 16,
};

/* The state of one call; the MTU of each link is asked for only once. */
struct gathering {
	struct nl_socket *rtnl;
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

static void look_at(struct gathering *g, const struct ls_ip *ip)
{
	struct rtnl_route route;
	uint32_t mtu;

	if (g->lookups++ >= LOOKUPS_MAX)
		return;
	if (rtnl_route_lookup(g->rtnl, ip, g->mark, &route, NULL) < 0 || route.link == 0 ||
	    route.link == g->own_link)
		return;
	mtu = route.mtu ? route.mtu : link_mtu(g, route.link);
	if (mtu && (!g->smallest || mtu < g->smallest))
		g->smallest = mtu;
}

static void look_at_peers(struct gathering *g, const struct netmap *netmap)
{
	for (size_t i = 0; i < netmap->peer_count && g->lookups < LOOKUPS_MAX; i++) {
		const struct string_list *endpoints = &netmap->peers[i].endpoints;

		for (size_t j = 0; j < endpoints->count; j++) {
			struct ls_endpoint endpoint;

			if (ls_endpoint_parse(endpoints->items[j], &endpoint) == 0)
				look_at(g, &endpoint.ip);
		}
	}
}

static int gather_addresses(struct gathering *g, struct apply_facts *ret, struct ls_fail *fail)
{
	struct rtnl_address_list list;
	int r = rtnl_address_list(g->rtnl, 0, &list, fail);

	if (r < 0)
		return r;
	ret->addresses = ls_try_array(list.count, sizeof(*ret->addresses));
	for (size_t i = 0; ret->addresses && i < list.count; i++) {
		if (list.items[i].link != g->own_link)
			ret->addresses[ret->facts.local_address_count++] = list.items[i].ip;
	}
	rtnl_address_list_done(&list);
	ret->facts.local_addresses = ret->addresses;
	return ret->addresses ? 0 : ls_fail_set(fail, -ENOMEM, "out of memory");
}

int apply_facts_gather(struct nl_socket *rtnl, const struct apply_facts_query *query,
                       struct apply_facts *ret, struct ls_fail *fail)
{
	struct gathering g = {.rtnl = rtnl, .mark = query->mark};
	struct apply_facts facts = {0};
	struct rtnl_link link;
	int r = rtnl_link_get(rtnl, query->interface, &link, fail);

	if (r < 0 && r != -ENODEV)
		return r;
	if (r == 0)
		g.own_link = link.index;
	r = gather_addresses(&g, &facts, fail);
	if (r < 0)
		return r;
	if (query->control)
		look_at(&g, query->control);
	look_at_peers(&g, query->netmap);
	facts.facts.underlay_mtu = g.smallest;
	*ret = facts;
	return 0;
}

void apply_facts_done(struct apply_facts *facts)
{
	free(facts->addresses);
	*facts = (struct apply_facts){0};
}
