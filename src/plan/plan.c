/* SPDX-License-Identifier: Apache-2.0 */
#include "plan/plan.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/map.h"
#include "base/str.h"
#include "plan/allow.h"
#include "plan/endpoint.h"
#include "plan/names.h"
#include "plan/underlay.h"

enum {
	TABLE_MAIN = 254,         /* RT_TABLE_MAIN */
	METRIC_V6_DEFAULT = 1024, /* IP6_RT_PRIO_USER: the kernel replaces 0 by this */
	SKIP_TEXT = 256,
};

/* A plan under construction. `taken` maps the addresses and public keys in use to their owners;
 * keys and addresses have different lengths. */
struct builder {
	struct plan *plan;
	const struct netmap *netmap;
	const struct plan_options *options;
	const struct plan_facts *facts;
	struct ls_map *taken;
	struct ls_map *local_names;
	struct ls_prefix tunnel[2]; /* the prefixes in use */
	size_t tunnel_count;
	struct plan_peer *peers;
	struct plan_route *routes;
	struct plan_host *hosts;
	struct plan_skip *skips; /* malloced; keep_skips moves them to the arena */
	size_t skip_cap;
	bool failed; /* out of memory; sticky */
};

static void *take(struct builder *b, size_t n, size_t size)
{
	void *p = n > 0 && !b->failed ? ls_arena_alloc(b->plan->arena, n, size) : NULL;

	if (n > 0 && !p)
		b->failed = true;
	return p;
}

static const char *take_string(struct builder *b, const char *s)
{
	char *copy = b->failed ? NULL : ls_arena_strdup(b->plan->arena, s);

	if (!copy)
		b->failed = true;
	return copy;
}

/* Notes that something is not used: what is printed by `fmt`. */
static void LS_PRINTF(3, 4) skip(struct builder *b, const char *reason, const char *fmt, ...)
{
	void *skips = b->skips;
	char what[SKIP_TEXT];
	va_list args;

	if (ls_try_grow(&skips, &b->skip_cap, b->plan->skip_count + 1, sizeof(*b->skips)) < 0) {
		b->failed = true;
		return;
	}
	va_start(args, fmt);
	(void)vsnprintf(what, sizeof(what), fmt, args);
	va_end(args);
	b->skips = skips;
	b->skips[b->plan->skip_count++] =
	        (struct plan_skip){.what = take_string(b, what), .reason = take_string(b, reason)};
}

/* Blocks that no overlay may overlap: they mean this host, this link, or many hosts. */
static const char *const reserved_blocks[] = {
        "0.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "224.0.0.0/3",
        "::/127",    "fe80::/10",   "ff00::/8",
};

static bool is_reserved(const struct ls_prefix *prefix)
{
	for (size_t i = 0; i < sizeof(reserved_blocks) / sizeof(reserved_blocks[0]); i++) {
		struct ls_prefix block;

		if (ls_prefix_parse(reserved_blocks[i], &block) == 0 &&
		    ls_prefix_overlaps(&block, prefix))
			return true;
	}
	return false;
}

static const char *address_fault(const struct builder *b, const struct ls_prefix *overlay,
                                 const struct ls_ip *ip)
{
	if (!ls_prefix_contains(overlay, ip))
		return "its address is outside of the network's prefix";
	if (ls_map_get(b->taken, ip->b, ls_ip_len(ip)))
		return "its address belongs to this host or to another peer";
	return NULL;
}

static const char *peer_fault(const struct builder *b, const struct peer_info *peer)
{
	const struct network_info *network = &b->netmap->network;
	const char *fault;

	if (key_is_zero(peer->wg_public_key.b))
		return "its public key is no key";
	if (ls_map_get(b->taken, peer->wg_public_key.b, LS_KEY_LEN))
		return "its public key is this node's or another peer's";
	fault = address_fault(b, &network->overlay_v4, &peer->ipv4);
	return fault ? fault : address_fault(b, &network->overlay_v6, &peer->ipv6);
}

static void mark_taken(struct builder *b, const void *key, size_t len, const void *owner)
{
	int r = ls_map_add(b->taken, key, len, (void *)(uintptr_t)owner);

	/* -EEXIST is no error: this host may have one address on two interfaces. */
	if (r < 0 && r != -EEXIST)
		b->failed = true;
}

/* Endpoints are only candidates: leaves out those that do not parse, and those that this host must
 * not send to. */
static void add_endpoints(struct builder *b, const struct peer_info *peer, struct plan_peer *ret)
{
	struct ls_endpoint *items = take(b, peer->endpoints.count, sizeof(*items));
	const char *first = NULL, *reason = NULL;
	size_t dropped = 0;

	for (size_t i = 0; items && i < peer->endpoints.count; i++) {
		struct ls_endpoint *at = &items[ret->endpoint_count];
		const char *fault;

		if (ls_endpoint_parse(peer->endpoints.items[i], at) < 0)
			continue;
		fault = plan_endpoint_fault(at, b->facts, b->tunnel, b->tunnel_count);
		if (!fault) {
			ret->endpoint_count++;
		} else if (dropped++ == 0) {
			first = peer->endpoints.items[i];
			reason = fault;
		}
	}
	ret->endpoints = items;
	if (dropped == 1)
		skip(b, reason, "endpoint %s of %s", first, peer->name);
	else if (dropped > 1)
		skip(b, reason, "endpoint %s and %zu more of %s", first, dropped - 1, peer->name);
}

static void add_route(struct builder *b, const struct ls_prefix *prefix)
{
	bool v6 = prefix->ip.family == LS_FAMILY_V6;
	uint32_t metric = b->options->route_metric;

	b->routes[b->plan->route_count++] = (struct plan_route){
	        .prefix = *prefix,
	        .table = b->options->route_table ? b->options->route_table : TABLE_MAIN,
	        .metric = metric == 0 && v6 ? METRIC_V6_DEFAULT : metric,
	};
}

/* The node's name alone, if it may be used; else NULL. */
static const char *short_name(struct builder *b, const struct peer_info *peer)
{
	const char *fault;

	if (!b->options->allow.short_names)
		return NULL;
	fault = plan_names_short_fault(b->facts, b->local_names, peer->name);
	if (fault)
		skip(b, fault, "short name of %s", peer->name);
	return fault ? NULL : take_string(b, peer->name);
}

static void add_host(struct builder *b, const struct peer_info *peer, const struct ls_ip *ipv4,
                     const struct ls_ip *ipv6)
{
	const char *fault;

	if (!b->plan->uses_domain)
		return;
	fault = plan_names_fault(&b->netmap->network, b->facts, peer);
	if (fault) {
		skip(b, fault, "name of %s", peer->name);
		return;
	}
	b->hosts[b->plan->host_count++] = (struct plan_host){
	        .ipv4 = *ipv4,
	        .ipv6 = *ipv6,
	        .name = take_string(b, peer->name),
	        .dns_name = take_string(b, peer->dns_name),
	        .short_name = short_name(b, peer),
	};
}

/* The address of a node, or family NONE when the plan does not use it. */
static struct ls_ip usable(struct builder *b, const struct ls_ip *ip, bool uses_family,
                           const char *owner)
{
	const struct ls_prefix host = ls_prefix_host(ip);
	struct ls_buf why LS_CLEANUP(ls_buf_done) = {0};
	char text[LS_IP_TEXT];

	if (!uses_family)
		return (struct ls_ip){0};
	plan_underlay_check(&host, &b->options->allow, b->facts, &why);
	if (why.failed)
		b->failed = true;
	if (why.failed || why.len == 0)
		return *ip;
	skip(b, ls_buf_text(&why), "address %s of %s", ls_ip_format(ip, text), owner);
	return (struct ls_ip){0};
}

static void add_peer(struct builder *b, const struct peer_info *peer)
{
	const char *fault = peer_fault(b, peer);
	struct plan_peer *at = &b->peers[b->plan->peer_count];
	struct ls_prefix *allowed;
	struct ls_ip ipv4, ipv6;

	if (fault) {
		skip(b, fault, "peer %s", peer->name);
		return;
	}
	ipv4 = usable(b, &peer->ipv4, b->plan->uses_v4, peer->name);
	ipv6 = usable(b, &peer->ipv6, b->plan->uses_v6, peer->name);
	if (ipv4.family == LS_FAMILY_NONE && ipv6.family == LS_FAMILY_NONE)
		return; /* the reasons are listed already */
	allowed = take(b, 2, sizeof(*allowed));
	if (!allowed)
		return;
	*at = (struct plan_peer){
	        .id = take_string(b, peer->id),
	        .name = take_string(b, peer->name),
	        .public_key = peer->wg_public_key,
	        .ipv4 = ipv4,
	        .ipv6 = ipv6,
	        .allowed_ips = allowed,
	        .keepalive_s = b->options->keepalive_s,
	};
	if (ipv4.family != LS_FAMILY_NONE)
		allowed[at->allowed_ip_count++] = ls_prefix_host(&ipv4);
	if (ipv6.family != LS_FAMILY_NONE)
		allowed[at->allowed_ip_count++] = ls_prefix_host(&ipv6);
	add_endpoints(b, peer, at);
	mark_taken(b, at->public_key.b, LS_KEY_LEN, at);
	for (size_t i = 0; i < at->allowed_ip_count; i++) {
		mark_taken(b, allowed[i].ip.b, ls_ip_len(&allowed[i].ip), at);
		add_route(b, &allowed[i]);
	}
	b->plan->peer_count++;
	add_host(b, peer, &ipv4, &ipv6);
}

static uint32_t choose_mtu(const struct plan_facts *facts)
{
	uint32_t mtu;

	if (facts->underlay_mtu == 0)
		return PLAN_MTU_MAX;
	mtu = facts->underlay_mtu > PLAN_OVERHEAD ? facts->underlay_mtu - PLAN_OVERHEAD : 0;
	if (mtu < PLAN_MTU_MIN)
		return PLAN_MTU_MIN;
	return mtu > PLAN_MTU_MAX ? PLAN_MTU_MAX : mtu;
}

enum plan_hold plan_hold_of(const struct node_info *node, bool node_unknown)
{
	if (node_unknown)
		return PLAN_HOLD_UNKNOWN;
	if (node->revoked)
		return PLAN_HOLD_REVOKED;
	if (node->key_rotation_required)
		return PLAN_HOLD_ROTATION;
	return node->approved ? PLAN_HOLD_NONE : PLAN_HOLD_UNAPPROVED;
}

static const char *const hold_names[] = {
        [PLAN_HOLD_NONE] = NULL,
        [PLAN_HOLD_UNAPPROVED] = "unapproved",
        [PLAN_HOLD_ROTATION] = "key-rotation-required",
        [PLAN_HOLD_REVOKED] = "revoked",
        [PLAN_HOLD_UNKNOWN] = "unknown to the control server",
};
_Static_assert(sizeof(hold_names) / sizeof(hold_names[0]) == PLAN_HOLD_UNKNOWN + 1, "names");

const char *plan_hold_name(enum plan_hold hold)
{
	return hold_names[hold];
}

static int compare_keys(const void *a, const void *b)
{
	const struct plan_peer *const *pa = a, *const *pb = b;

	return memcmp((*pa)->public_key.b, (*pb)->public_key.b, LS_KEY_LEN);
}

static void sort_peers(struct builder *b)
{
	struct plan *plan = b->plan;
	const struct plan_peer **index =
	        take(b, plan->peer_count, sizeof(const struct plan_peer *));

	if (!index)
		return;
	for (size_t i = 0; i < plan->peer_count; i++)
		index[i] = &plan->peers[i];
	qsort(index, plan->peer_count, sizeof(const struct plan_peer *), compare_keys);
	plan->peers_by_key = index;
}

static void keep_skips(struct builder *b)
{
	struct plan_skip *skips = take(b, b->plan->skip_count, sizeof(*skips));

	if (skips)
		memcpy(skips, b->skips, b->plan->skip_count * sizeof(*skips));
	b->plan->skips = skips;
	free(b->skips);
}

static void mark_own(struct builder *b)
{
	const struct peer_info *self = &b->netmap->node.peer;

	mark_taken(b, self->wg_public_key.b, LS_KEY_LEN, self);
	mark_taken(b, self->ipv4.b, ls_ip_len(&self->ipv4), self);
	mark_taken(b, self->ipv6.b, ls_ip_len(&self->ipv6), self);
	for (size_t i = 0; i < b->facts->local_address_count; i++) {
		const struct ls_ip *ip = &b->facts->local_addresses[i];

		mark_taken(b, ip->b, ls_ip_len(ip), ip);
	}
	for (size_t i = 0; i < b->facts->local_names.count; i++) {
		const char *name = b->facts->local_names.items[i];
		int r = ls_map_add(b->local_names, name, strlen(name), (void *)(uintptr_t)name);

		if (r < 0 && r != -EEXIST)
			b->failed = true;
	}
}

/* Decides whether the plan uses a family: the network's prefix and this node's address. */
static struct ls_ip choose_family(struct builder *b, const char *family,
                                  const struct ls_prefix *overlay, const struct ls_ip *own)
{
	struct ls_buf why LS_CLEANUP(ls_buf_done) = {0};
	struct ls_ip none = {0}, ip;
	char text[LS_PREFIX_TEXT];

	plan_allow_prefix(overlay, &b->options->allow, b->facts, &why);
	if (why.failed)
		b->failed = true;
	if (why.failed || why.len > 0) {
		skip(b, why.failed ? "" : why.data, "%s prefix %s", family,
		     ls_prefix_format(overlay, text));
		return none;
	}
	ip = usable(b, own, true, "this node");
	if (ip.family != LS_FAMILY_NONE)
		b->tunnel[b->tunnel_count++] = *overlay;
	return ip;
}

/* Decides what of the network the plan uses at all, and sets this node's addresses and name. */
static void choose_network(struct builder *b)
{
	const struct network_info *network = &b->netmap->network;
	const struct peer_info *self = &b->netmap->node.peer;
	struct ls_prefix *addresses = take(b, 2, sizeof(*addresses));
	struct ls_ip ipv4 = choose_family(b, "IPv4", &network->overlay_v4, &self->ipv4);
	struct ls_ip ipv6 = choose_family(b, "IPv6", &network->overlay_v6, &self->ipv6);
	struct ls_buf why LS_CLEANUP(ls_buf_done) = {0};

	if (!addresses)
		return;
	b->plan->uses_v4 = ipv4.family != LS_FAMILY_NONE;
	b->plan->uses_v6 = ipv6.family != LS_FAMILY_NONE;
	if (b->plan->uses_v4)
		addresses[b->plan->address_count++] = ls_prefix_host(&ipv4);
	if (b->plan->uses_v6)
		addresses[b->plan->address_count++] = ls_prefix_host(&ipv6);
	b->plan->addresses = addresses;
	plan_allow_domain(network->dns_domain, &b->options->allow, b->facts, &why);
	b->failed |= why.failed;
	b->plan->uses_domain = why.len == 0;
	if (why.len > 0)
		skip(b, why.data, "domain %s", network->dns_domain);
	add_host(b, self, &ipv4, &ipv6);
}

static void build(struct builder *b)
{
	const struct netmap *netmap = b->netmap;
	struct plan *plan = b->plan;
	size_t n;

	plan->hold = plan_hold_of(&netmap->node, b->facts->node_unknown);
	n = plan->hold == PLAN_HOLD_NONE ? netmap->peer_count : 0;
	plan->mtu = choose_mtu(b->facts);
	plan->revision = netmap->revision;
	b->peers = take(b, n, sizeof(*b->peers));
	b->routes = take(b, 2 * n, sizeof(*b->routes));
	b->hosts = take(b, n + 1, sizeof(*b->hosts));
	plan->peers = b->peers;
	plan->routes = b->routes;
	plan->hosts = b->hosts;
	if (!b->failed) {
		mark_own(b);
		choose_network(b);
	}
	for (size_t i = 0; i < n && !b->failed; i++)
		add_peer(b, &netmap->peers[i]);
	sort_peers(b);
	keep_skips(b);
}

static int check_network(const struct netmap *netmap, struct ls_fail *fail)
{
	const struct network_info *network = &netmap->network;
	const struct peer_info *self = &netmap->node.peer;
	char text[LS_PREFIX_TEXT];

	if (is_reserved(&network->overlay_v4))
		return ls_fail_set(fail, LS_ERROR_BAD_VALUE,
		                   "network %s: its IPv4 prefix %s has reserved addresses",
		                   network->name, ls_prefix_format(&network->overlay_v4, text));
	if (is_reserved(&network->overlay_v6))
		return ls_fail_set(fail, LS_ERROR_BAD_VALUE,
		                   "network %s: its IPv6 prefix %s has reserved addresses",
		                   network->name, ls_prefix_format(&network->overlay_v6, text));
	if (!ls_prefix_contains(&network->overlay_v4, &self->ipv4) ||
	    !ls_prefix_contains(&network->overlay_v6, &self->ipv6))
		return ls_fail_set(fail, LS_ERROR_BAD_VALUE,
		                   "network %s: this node's addresses are outside of its prefixes",
		                   network->name);
	return 0;
}

int plan_make(const struct netmap *netmap, const struct plan_options *options,
              const struct plan_facts *facts, struct plan **ret, struct ls_fail *fail)
{
	struct builder b = {.netmap = netmap, .options = options, .facts = facts};
	struct ls_arena *arena;
	int r = check_network(netmap, fail);

	if (r < 0)
		return r;
	if (strlen(options->interface) >= PLAN_INTERFACE_TEXT)
		return ls_fail_set(fail, LS_ERROR_BAD_VALUE,
		                   "interface name %s is longer than %d bytes", options->interface,
		                   LIMIT_INTERFACE_LEN);
	arena = ls_arena_new(NETMAP_ARENA_MAX);
	b.plan = ls_arena_alloc(arena, 1, sizeof(*b.plan));
	b.taken = ls_map_new();
	b.local_names = ls_map_new();
	if (b.plan) {
		b.plan->arena = arena;
		memcpy(b.plan->interface, options->interface, strlen(options->interface) + 1);
		build(&b);
	}
	ls_map_free(b.taken);
	ls_map_free(b.local_names);
	if (!b.plan || b.failed) {
		ls_arena_free(arena);
		return ls_fail_set(fail, -ENOMEM, "network %s: out of memory for its plan",
		                   netmap->network.name);
	}
	*ret = b.plan;
	return 0;
}

void plan_free(struct plan *plan)
{
	if (plan)
		ls_arena_free(plan->arena);
}

static int compare_key_to_peer(const void *key, const void *element)
{
	const struct wg_public_key *wanted = key;
	const struct plan_peer *const *peer = element;

	return memcmp(wanted->b, (*peer)->public_key.b, LS_KEY_LEN);
}

const struct plan_peer *plan_find_peer(const struct plan *plan, const struct wg_public_key *key)
{
	const struct plan_peer *const *found = NULL;

	if (plan->peer_count > 0)
		found = bsearch(key, plan->peers_by_key, plan->peer_count,
		                sizeof(const struct plan_peer *), compare_key_to_peer);
	return found ? *found : NULL;
}

const char *plan_interface_name(const char *profile, char buf[static PLAN_INTERFACE_TEXT])
{
	(void)snprintf(buf, PLAN_INTERFACE_TEXT, "ls-%.*s", LIMIT_INTERFACE_LEN - 3, profile);
	return buf;
}
