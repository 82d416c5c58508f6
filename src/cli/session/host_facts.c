/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/session/host_facts.h"

#include "netlink/socket.h"

int session_host_facts_gather(const struct apply_facts_query *query, struct apply_facts *ret,
                              struct ls_fail *fail)
{
	struct nl_socket *rtnl;
	int r = nl_socket_open(NETLINK_ROUTE, &rtnl, fail);

	if (r < 0)
		return r;
	r = apply_facts_gather(rtnl, query, ret, fail);
	nl_socket_close(rtnl);
	return r;
}
