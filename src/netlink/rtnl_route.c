/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <stdlib.h>

#include "base/mem.h"
#include "netlink/rtnl.h"
#include "netlink/socket.h"
#include "wire/cursor.h"

enum {
	TABLES_IN_HEADER = 256, /* larger table numbers only fit into RTA_TABLE */
};

static bool parse_route(const struct nlmsghdr *nlh, struct rtnl_route *ret)
{
	const struct rtmsg *info = mnl_nlmsg_get_payload(nlh);
	const struct nlattr *table[RTA_TABLE + 1], *metrics[RTAX_MTU + 1];
	bool v4 = info->rtm_family == AF_INET;

	nl_attributes(nlh, sizeof(*info), table, RTA_TABLE + 1);
	nl_nested(table[RTA_METRICS], metrics, RTAX_MTU + 1);
	*ret = (struct rtnl_route){
	        .prefix = {.ip = {.family = v4 ? LS_FAMILY_V4 : LS_FAMILY_V6},
	                   .bits = info->rtm_dst_len},
	        .table = table[RTA_TABLE] ? nl_get_u32(table[RTA_TABLE]) : info->rtm_table,
	        .metric = nl_get_u32(table[RTA_PRIORITY]),
	        .link = nl_get_u32(table[RTA_OIF]),
	        .protocol = info->rtm_protocol,
	        .type = info->rtm_type,
	        .mtu = nl_get_u32(metrics[RTAX_MTU]),
	};
	(void)nl_get_ip(table[RTA_GATEWAY], info->rtm_family, &ret->gateway);
	/* A route without a destination is a default route. */
	return !table[RTA_DST] || nl_get_ip(table[RTA_DST], info->rtm_family, &ret->prefix.ip);
}

static bool is_route(const struct nlmsghdr *nlh)
{
	const struct rtmsg *info = mnl_nlmsg_get_payload(nlh);

	return nlh->nlmsg_type == RTM_NEWROUTE && mnl_nlmsg_get_payload_len(nlh) >= sizeof(*info) &&
	       (info->rtm_family == AF_INET || info->rtm_family == AF_INET6);
}

struct listing {
	uint32_t link;    /* 0: all */
	uint8_t protocol; /* 0: all */
	struct rtnl_route_list list;
};

static int read_listed(const struct nlmsghdr *nlh, void *data)
{
	const struct rtmsg *info = mnl_nlmsg_get_payload(nlh);
	struct listing *listing = data;
	struct rtnl_route_list *list = &listing->list;
	struct rtnl_route route;
	void *items = list->items;
	int r;

	if (!is_route(nlh))
		return -EBADMSG;
	/* Cached results of look-ups are not routes. */
	if (info->rtm_type != RTN_UNICAST || (info->rtm_flags & RTM_F_CLONED) ||
	    !parse_route(nlh, &route) || route.table == RT_TABLE_LOCAL ||
	    (listing->link && route.link != listing->link) ||
	    (listing->protocol && route.protocol != listing->protocol))
		return 0;
	r = ls_try_grow(&items, &list->cap, list->count + 1, sizeof(*list->items));
	if (r < 0)
		return r;
	list->items = items;
	list->items[list->count++] = route;
	return 0;
}

void rtnl_route_list_done(struct rtnl_route_list *list)
{
	free(list->items);
	*list = (struct rtnl_route_list){0};
}

static int list_family(struct nl_socket *rtnl, unsigned char family, struct listing *listing)
{
	size_t before = listing->list.count;
	int r = -EINTR;

	for (int i = 0; i < NL_DUMP_TRIES && r == -EINTR; i++) {
		struct rtmsg *info;

		nl_begin(rtnl, RTM_GETROUTE, NLM_F_DUMP);
		info = nl_put_header(rtnl, sizeof(*info));
		info->rtm_family = family;
		info->rtm_protocol = listing->protocol;
		if (listing->link)
			nl_put_u32(rtnl, RTA_OIF, listing->link);
		listing->list.count = before;
		r = nl_run(rtnl, false, read_listed, listing);
	}
	return r;
}

static int list_routes(struct nl_socket *rtnl, struct listing listing, struct rtnl_route_list *ret,
                       struct ls_fail *fail)
{
	int r = list_family(rtnl, AF_INET, &listing);

	if (r == 0)
		r = list_family(rtnl, AF_INET6, &listing);
	/* A kernel without IPv6 has no IPv6 routes. */
	if (r == -EOPNOTSUPP || r == -EAFNOSUPPORT)
		r = 0;
	if (r < 0) {
		rtnl_route_list_done(&listing.list);
		return nl_fail(rtnl, fail, r, "list routes");
	}
	*ret = listing.list;
	return 0;
}

int rtnl_route_list(struct nl_socket *rtnl, uint32_t link, struct rtnl_route_list *ret,
                    struct ls_fail *fail)
{
	return list_routes(rtnl, (struct listing){.link = link}, ret, fail);
}

int rtnl_route_list_of(struct nl_socket *rtnl, uint8_t protocol, struct rtnl_route_list *ret,
                       struct ls_fail *fail)
{
	return list_routes(rtnl, (struct listing){.protocol = protocol}, ret, fail);
}

static int change_route(struct nl_socket *rtnl, uint16_t type, uint16_t flags,
                        const struct rtnl_route *route)
{
	struct rtmsg *info;
	uint32_t table = route->table ? route->table : RT_TABLE_MAIN;
	bool v4 = route->prefix.ip.family == LS_FAMILY_V4;

	nl_begin(rtnl, type, flags);
	info = nl_put_header(rtnl, sizeof(*info));
	info->rtm_family = nl_ip_family(&route->prefix.ip);
	info->rtm_dst_len = route->prefix.bits;
	info->rtm_protocol = RTNL_PROTOCOL;
	info->rtm_type = RTN_UNICAST;
	info->rtm_scope =
	        v4 && route->gateway.family == LS_FAMILY_NONE ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE;
	info->rtm_table = table < TABLES_IN_HEADER ? (unsigned char)table : RT_TABLE_UNSPEC;
	nl_put_ip(rtnl, RTA_DST, &route->prefix.ip);
	nl_put_u32(rtnl, RTA_TABLE, table);
	if (route->metric)
		nl_put_u32(rtnl, RTA_PRIORITY, route->metric);
	if (route->link)
		nl_put_u32(rtnl, RTA_OIF, route->link);
	if (route->gateway.family != LS_FAMILY_NONE)
		nl_put_ip(rtnl, RTA_GATEWAY, &route->gateway);
	return nl_run(rtnl, true, NULL, NULL);
}

static int fail_route(const struct nl_socket *rtnl, struct ls_fail *fail, int code,
                      const char *verb, const struct rtnl_route *route)
{
	char text[LS_PREFIX_TEXT];

	return nl_fail(rtnl, fail, code, "%s route %s", verb,
	               ls_prefix_format(&route->prefix, text));
}

int rtnl_route_add(struct nl_socket *rtnl, const struct rtnl_route *route, struct ls_fail *fail)
{
	int r = change_route(rtnl, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL, route);

	return r < 0 ? fail_route(rtnl, fail, r, "add", route) : 0;
}

int rtnl_route_delete(struct nl_socket *rtnl, const struct rtnl_route *route, struct ls_fail *fail)
{
	int r = change_route(rtnl, RTM_DELROUTE, 0, route);

	return r < 0 ? fail_route(rtnl, fail, r, "remove", route) : 0;
}

static int read_found(const struct nlmsghdr *nlh, void *data)
{
	struct rtnl_route route;

	if (!is_route(nlh) || !parse_route(nlh, &route))
		return -EBADMSG;
	*(struct rtnl_route *)data = route;
	return 0;
}

int rtnl_route_find(struct nl_socket *rtnl, const struct rtnl_query *query, struct rtnl_route *ret,
                    struct ls_fail *fail)
{
	struct rtnl_route found = {0};
	struct rtmsg *info;
	char text[LS_IP_TEXT];
	uint8_t protocol = IPPROTO_UDP;
	struct ls_be16 from = ls_be16_of(query->udp_from), to = ls_be16_of(query->udp_to);
	int r;

	nl_begin(rtnl, RTM_GETROUTE, 0);
	info = nl_put_header(rtnl, sizeof(*info));
	info->rtm_family = nl_ip_family(&query->to);
	info->rtm_dst_len = ls_family_bits(query->to.family);
	info->rtm_src_len = ls_family_bits(query->from.family);
	nl_put_ip(rtnl, RTA_DST, &query->to);
	if (query->from.family != LS_FAMILY_NONE)
		nl_put_ip(rtnl, RTA_SRC, &query->from);
	if (query->link)
		nl_put_u32(rtnl, RTA_OIF, query->link);
	if (query->mark)
		nl_put_u32(rtnl, RTA_MARK, query->mark);
	if (query->udp_to) {
		nl_put(rtnl, RTA_IP_PROTO, &protocol, sizeof(protocol));
		nl_put(rtnl, RTA_SPORT, &from, sizeof(from));
		nl_put(rtnl, RTA_DPORT, &to, sizeof(to));
	}
	r = nl_run(rtnl, false, read_found, &found);
	if (r < 0)
		return nl_fail(rtnl, fail, r, "find a route to %s", ls_ip_format(&query->to, text));
	*ret = found;
	return 0;
}

int rtnl_route_lookup(struct nl_socket *rtnl, const struct ls_ip *ip, uint32_t mark,
                      struct rtnl_route *ret, struct ls_fail *fail)
{
	const struct rtnl_query query = {.to = *ip, .mark = mark};

	return rtnl_route_find(rtnl, &query, ret, fail);
}
