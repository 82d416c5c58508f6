/* SPDX-License-Identifier: Apache-2.0 */
/* Gathers from the kernel what a plan has to know of the host. Control thread only. */
#ifndef LS_APPLY_FACTS_H
#define LS_APPLY_FACTS_H

#include "base/error.h"
#include "netlink/rtnl.h"
#include "plan/plan.h"
#include "proto/netmap.h"

/* `facts` points into the rest; free with apply_facts_done. */
struct apply_facts {
	struct plan_facts facts;
	struct ls_ip *addresses;
};

/* What to look at; all borrowed. */
struct apply_facts_query {
	const char *interface;       /* the tunnel's, which does not count */
	const struct netmap *netmap; /* its peers' endpoints are looked up */
	const struct ls_ip *control; /* the control server's address; NULL: not known */
	uint32_t mark;               /* the data plane's firewall mark; 0: none */
};

/* The addresses of all interfaces but ours, and the smallest MTU of the devices over which peers'
 * endpoints and the control server are reached. What cannot be reached does not count. */
int apply_facts_gather(struct nl_socket *rtnl, const struct apply_facts_query *query,
                       struct apply_facts *ret, struct ls_fail *fail) LS_MUST_CHECK;
void apply_facts_done(struct apply_facts *facts);

#endif
