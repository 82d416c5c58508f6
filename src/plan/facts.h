/* SPDX-License-Identifier: Apache-2.0 */
/* What a plan is made of besides the netmap: the user's choices, and facts about the host. Plain
 * values; the caller owns what they point to. */
#ifndef LS_PLAN_FACTS_H
#define LS_PLAN_FACTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/string_list.h"
#include "wire/ip.h"

/* What the user lets a control server decide, beyond what every server may (allow.h). */
struct plan_allow {
	const struct ls_prefix *prefixes; /* a network's prefix inside one of them is used */
	size_t prefix_count;
	struct string_list domains; /* a network's domain that is one of them, or below, is used */
	bool short_names;           /* nodes are also called by their names without the domain */
};

/* The user's choices. */
struct plan_options {
	const char *interface; /* a valid name */
	uint16_t keepalive_s;  /* 0: off */
	uint32_t route_table;  /* 0: the main table */
	uint32_t route_metric; /* 0: the kernel's default: 0 for IPv4, 1024 for IPv6 */
	struct plan_allow allow;
};

enum plan_underlay_kind {
	PLAN_UNDERLAY_CONTROL,  /* a control server, or the proxy on the way to it */
	PLAN_UNDERLAY_GATEWAY,  /* a router of this host */
	PLAN_UNDERLAY_RESOLVER, /* a name server that this host asks */
	PLAN_UNDERLAY_KINDS,
};

/* An address that this host must reach outside the tunnel. */
struct plan_underlay {
	struct ls_ip ip;
	enum plan_underlay_kind kind;
};

/* What the plan needs to know about the host. Zeroed: nothing is known. */
struct plan_facts {
	uint32_t underlay_mtu; /* smallest MTU of the devices towards endpoints; 0: unknown */
	const struct ls_ip *local_addresses; /* of all other interfaces of this host */
	size_t local_address_count;
	const struct ls_prefix *local_prefixes; /* canonical; what this host reaches over its other
	                                           interfaces, without default routes and single
	                                           addresses */
	size_t local_prefix_count;
	const struct plan_underlay *underlay;
	size_t underlay_count;
	struct string_list control_hosts; /* of the control URLs: names and addresses */
	struct string_list local_names;   /* names that this host already has, in lower case */
	bool node_unknown; /* the control server does not know this node or its token */
};

#endif
