/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/underlay.h"

#include <errno.h>

#include <linux/rtnetlink.h>

#include "base/cleanup.h"
#include "netlink/rtnl.h"
#include "netlink/socket.h"
#include "netlink/watch.h"

enum {
	/* Addresses come and go with their routes in the local table. */
	WATCHED = 1 << (RTNLGRP_LINK - 1) | 1 << (RTNLGRP_IPV4_ROUTE - 1) |
	          1 << (RTNLGRP_IPV6_ROUTE - 1) | 1 << (RTNLGRP_IPV4_RULE - 1) |
	          1 << (RTNLGRP_IPV6_RULE - 1),
};

int dp_underlay_open(struct underlay *ret, struct ls_fail *fail)
{
	struct underlay underlay = {.watch_fd = nl_watch_open(WATCHED)};
	int r = underlay.watch_fd;

	if (r < 0)
		return ls_fail_set(fail, r, "cannot watch routes: %s", ls_strerror(r));
	r = nl_socket_open(NETLINK_ROUTE, &underlay.rtnl, fail);
	if (r < 0) {
		dp_underlay_close(&underlay);
		return r;
	}
	*ret = underlay;
	return 0;
}

void dp_underlay_close(struct underlay *underlay)
{
	ls_cleanup_close(&underlay->watch_fd);
	nl_socket_close(underlay->rtnl);
	*underlay = (struct underlay){.watch_fd = -1};
}

void dp_underlay_drain(struct underlay *underlay)
{
	nl_watch_drain(underlay->watch_fd);
	underlay->refused = (struct ls_ip){.family = LS_FAMILY_NONE};
}

void dp_underlay_refuse(struct underlay *underlay, const struct ls_ip *local)
{
	underlay->refused = *local;
}

/* True when the path's local address is one of this host's and can be used on that path. */
static bool has_address(struct underlay *underlay, const struct wg_path *path)
{
	const bool scoped = ls_ip_is_link_local(&path->local);
	const struct rtnl_query query = {.to = path->local, .link = scoped ? path->link : 0};
	struct rtnl_route route;

	if (ls_ip_equal(&path->local, &underlay->refused) ||
	    (path->local.family == LS_FAMILY_V6 && scoped && path->remote.scope_id != path->link))
		return false;
	return rtnl_route_find(underlay->rtnl, &query, &route, NULL) == 0 &&
	       route.type == RTN_LOCAL;
}

enum wg_route dp_underlay_route(struct underlay *underlay, const struct wg_path *path,
                                const struct underlay_query *query)
{
	struct rtnl_query packet = {.to = path->remote.ip,
	                            .link = path->remote.scope_id,
	                            .mark = query->mark,
	                            .udp_from = query->port,
	                            .udp_to = path->remote.port};
	bool local = path->local.family != LS_FAMILY_NONE;
	struct rtnl_route route;

	if (local && has_address(underlay, path)) {
		packet.from = path->local;
		/* The host's own addresses are reached through its loopback device. */
		if (rtnl_route_find(underlay->rtnl, &packet, &route, NULL) == 0 &&
		    (route.link == path->link || route.type == RTN_LOCAL) &&
		    (query->tunnel == 0 || route.link != query->tunnel))
			return WG_ROUTE_FROM_LOCAL;
		packet.from = (struct ls_ip){.family = LS_FAMILY_NONE};
	}
	if (query->tunnel != 0 && rtnl_route_find(underlay->rtnl, &packet, &route, NULL) == 0 &&
	    route.link == query->tunnel)
		return WG_ROUTE_INTO_TUNNEL;
	return WG_ROUTE_FROM_ANY;
}
