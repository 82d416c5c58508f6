/* SPDX-License-Identifier: Apache-2.0 */
/* Finds out what a plan needs to know about the host (plan/facts.h). Control thread only. */
#ifndef LS_APPLY_FACTS_H
#define LS_APPLY_FACTS_H

#include "apply/hosts_names.h"
#include "base/error.h"
#include "control/reach.h"
#include "control/url.h"
#include "plan/facts.h"
#include "proto/netmap.h"

struct known_hosts;
struct nl_socket;

/* What to ask about; all pointers are borrowed. */
struct apply_facts_query {
	const char *interface;       /* the tunnel, which is ignored */
	const char *profile;         /* its names in the hosts file are ignored */
	const struct netmap *netmap; /* the routes to its peers' endpoints are looked up */
	const struct control_url_list *urls;
	const struct known_hosts *known; /* addresses of control servers; NULL: none */
	const char *hosts_path;          /* NULL: the names that this host has are not wanted */
	uint32_t mark;                   /* the data plane's firewall mark; 0: none */
};

/* `facts` points to the other fields. Zeroed, it is empty; apply_facts_done frees it. */
struct apply_facts {
	struct plan_facts facts;
	struct control_reach reach;
	struct apply_hosts_names names;
	struct ls_ip *addresses;
	struct ls_prefix *prefixes;
	size_t prefix_cap;
	struct plan_underlay *underlay;
	size_t underlay_cap;
};

/* Finds what can be known on any system, without asking the kernel: the control servers, the name
 * servers of resolv.conf(5), and the names that this host has. */
int apply_facts_read(const struct apply_facts_query *query, struct apply_facts *ret,
                     struct ls_fail *fail) LS_MUST_CHECK;
/* The same, and asks the kernel: for the addresses and prefixes of all interfaces except the
 * tunnel, for the gateways, and for the smallest MTU of the devices towards the peers' endpoints
 * and the control servers. Ignores destinations that have no route. */
int apply_facts_gather(struct nl_socket *rtnl, const struct apply_facts_query *query,
                       struct apply_facts *ret, struct ls_fail *fail) LS_MUST_CHECK;
void apply_facts_done(struct apply_facts *facts);
/* A number that changes when one of the files is replaced or written from which the name servers
 * come. */
uint64_t apply_facts_name_servers_stamp(void);

/* Internal to facts: adds an address, unless it is there. -ENOMEM. */
int apply_facts_add_underlay(struct apply_facts *facts, const struct ls_ip *ip,
                             enum plan_underlay_kind kind) LS_MUST_CHECK;

#endif
