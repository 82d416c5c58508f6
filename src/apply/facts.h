/* SPDX-License-Identifier: Apache-2.0 */
/* Gathers from the kernel what a plan has to know of the host. Control thread only. */
#ifndef LS_APPLY_FACTS_H
#define LS_APPLY_FACTS_H

#include "base/error.h"
#include "model/netmap.h"
#include "netlink/rtnl.h"
#include "plan/plan.h"

/* `facts` points into the rest; free with apply_facts_done. */
struct apply_facts {
	struct plan_facts facts;
	struct ls_ip *addresses;
};

/* The addresses of all interfaces but `interface`, and the smallest MTU of the devices over which
 * the peers' endpoints, and the control server when `control` is not NULL, are reached. Endpoints
 * that cannot be reached do not count. `mark` is the data plane's firewall mark. */
int apply_facts_gather(struct rtnl *rtnl, const char *interface, const struct netmap *netmap,
                       const struct ls_ip *control, uint32_t mark, struct apply_facts *ret,
                       struct ls_fail *fail) LS_MUST_CHECK;
void apply_facts_done(struct apply_facts *facts);

#endif
