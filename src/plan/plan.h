/* SPDX-License-Identifier: Apache-2.0 */
/* Computes from a netmap what this host should have; without I/O. A plan is an immutable snapshot
 * in one arena; it borrows nothing from the netmap.
 *
 * A control server is trusted only about its own network. What it must not decide is left out and
 * listed with the reason:
 * - the network's prefix of a family, or its domain, when it is not the server's to give (allow.h);
 * - an address that this host needs outside the tunnel (underlay.h);
 * - a peer whose addresses are outside the network's prefixes, or belong to this host or to another
 *   peer;
 * - a name (names.h), and an endpoint (endpoint.h). */
#ifndef LS_PLAN_PLAN_H
#define LS_PLAN_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/mem.h"
#include "crypto/keys.h"
#include "plan/facts.h"
#include "proto/limits.h"
#include "proto/netmap.h"
#include "wire/ip.h"

enum {
	PLAN_KEEPALIVE_S = 25,
	PLAN_MTU_MAX = 1420, /* the MTU beyond the first device is unknown, so we never use more */
	PLAN_MTU_MIN = 1280, /* the minimum of IPv6 */
	/* Outer IPv6 header 40, UDP 8, WireGuard header 16 and tag 16. */
	PLAN_OVERHEAD = 80,
	PLAN_INTERFACE_TEXT = LIMIT_INTERFACE_LEN + 1,
};

/* Why a node has no peers. */
enum plan_hold {
	PLAN_HOLD_NONE, /* the node is active and may have peers */
	PLAN_HOLD_UNAPPROVED,
	PLAN_HOLD_ROTATION,
	PLAN_HOLD_REVOKED,
	PLAN_HOLD_UNKNOWN, /* plan_facts.node_unknown is set; this overrides the netmap */
};

struct plan_peer {
	const char *id;
	const char *name;
	struct wg_public_key public_key;
	struct ls_ip ipv4;
	struct ls_ip ipv6;
	const struct ls_prefix *allowed_ips; /* host bits are zero */
	size_t allowed_ip_count;
	const struct ls_endpoint *endpoints; /* candidates in the netmap's order; may be none */
	size_t endpoint_count;
	uint16_t keepalive_s;
};

struct plan_route {
	struct ls_prefix prefix;
	uint32_t table;  /* never 0 */
	uint32_t metric; /* as the kernel shows it */
};

/* The names of a node. */
struct plan_host {
	struct ls_ip ipv4; /* family NONE: the plan has no address of this family */
	struct ls_ip ipv6;
	const char *name; /* the node's, which need not be a DNS label */
	const char *dns_name;
	const char *short_name; /* NULL: there is none that may be used alone */
};

/* Something in the netmap that the plan does not use. */
struct plan_skip {
	const char *what; /* "peer laptop", "name of laptop", "IPv4 prefix 8.0.0.0/7" */
	const char *reason;
};

struct plan {
	struct ls_arena *arena; /* owns this struct and everything that it points to */
	enum plan_hold hold; /* unless PLAN_HOLD_NONE, there are no peers, no routes and no names of
	                        other nodes */
	char interface[PLAN_INTERFACE_TEXT];
	bool uses_v4; /* the network's prefix of this family is used */
	bool uses_v6;
	bool uses_domain;
	uint32_t mtu;
	const struct ls_prefix *addresses; /* of this node, as /32 and /128; none of a family whose
	                                      prefix is left out */
	size_t address_count;
	const struct plan_route *routes; /* one per allowed IP */
	size_t route_count;
	const struct plan_peer *peers;
	size_t peer_count;
	const struct plan_peer *const *peers_by_key; /* the same peers, sorted by public key */
	const struct plan_host *hosts; /* this node, then the peers in the netmap's order */
	size_t host_count;
	const struct plan_skip *skips;
	size_t skip_count;
	uint64_t revision; /* of the netmap */
};

/* LS_ERROR_BAD_VALUE when no host can use the overlay prefixes or this node's addresses;
 * -ENOMEM. */
int plan_make(const struct netmap *netmap, const struct plan_options *options,
              const struct plan_facts *facts, struct plan **ret,
              struct ls_fail *fail) LS_MUST_CHECK;
void plan_free(struct plan *plan);

/* Decides whether a node may have peers. Nothing else decides this. */
enum plan_hold plan_hold_of(const struct node_info *node, bool node_unknown);
/* The name of the reason, such as "revoked"; NULL for PLAN_HOLD_NONE. */
const char *plan_hold_name(enum plan_hold hold);

/* NULL when no peer has the key. */
const struct plan_peer *plan_find_peer(const struct plan *plan, const struct wg_public_key *key);

/* "ls-<profile>", shortened to 15 bytes. */
const char *plan_interface_name(const char *profile, char buf[static PLAN_INTERFACE_TEXT]);

#endif
