/* SPDX-License-Identifier: Apache-2.0 */
/* Asks the kernel what a plan needs to know about the host. Control thread only. */
#ifndef LS_APPLY_FACTS_H
#define LS_APPLY_FACTS_H

#include "base/error.h"
#include "netlink/rtnl.h"
#include "plan/plan.h"
#include "proto/netmap.h"

/* `facts` points to the other fields. Free it with apply_facts_done. */
struct apply_facts {
	struct plan_facts facts;
	struct ls_ip *addresses;
};

/* What to ask about; all pointers are borrowed. */
struct apply_facts_query {
	const char *interface;       /* the tunnel, which is ignored */
	const struct netmap *netmap; /* the routes to its peers' endpoints are looked up */
	const struct ls_ip *control; /* the control server's address; NULL: unknown */
	uint32_t mark;               /* the data plane's firewall mark; 0: none */
};

/* Finds the addresses of all interfaces except the tunnel, and the smallest MTU of the devices
 * towards the peers' endpoints and the control server. Ignores destinations that have no route. */
int apply_facts_gather(struct nl_socket *rtnl, const struct apply_facts_query *query,
                       struct apply_facts *ret, struct ls_fail *fail) LS_MUST_CHECK;
void apply_facts_done(struct apply_facts *facts);

#endif
