/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/str.h"
#include "plan/plan.h"

enum {
	PEERS_MAX = 8
};

/* A netmap by hand: this node .10, peers from .11 on. */
struct world {
	struct netmap netmap;
	struct peer_info peers[PEERS_MAX];
	char names[PEERS_MAX][16];
	char dns_names[PEERS_MAX][48];
	struct plan_options options;
	struct plan_facts facts;
};

static struct ls_prefix prefix_of(const char *text)
{
	struct ls_prefix prefix;

	assert_int_equal(ls_prefix_parse(text, &prefix), 0);
	return prefix;
}

static struct ls_ip ip_of(const char *text)
{
	struct ls_ip ip;

	assert_int_equal(ls_ip_parse(text, &ip), 0);
	return ip;
}

static void fill_peer(struct peer_info *peer, const char *name, const char *dns_name, uint8_t n)
{
	*peer = (struct peer_info){.id = name,
	                           .name = name,
	                           .dns_name = dns_name,
	                           .ipv4 = ip_of("100.64.1.0"),
	                           .ipv6 = ip_of("fd00:1:2::")};
	peer->ipv4.b[3] = n;
	peer->ipv6.b[15] = n;
	memset(peer->wg_public_key.b, n, LS_KEY_LEN);
}

static void make_world(struct world *world, size_t peers)
{
	*world = (struct world){
	        .options = {.interface = "ls-test",
	                    .keepalive_s = PLAN_KEEPALIVE_S,
	                    .allow = {.short_names = true}},
	        .netmap = {.network = {.id = "n1",
	                               .name = "lab",
	                               .overlay_v4 = prefix_of("100.64.1.0/24"),
	                               .overlay_v6 = prefix_of("fd00:1:2::/48"),
	                               .dns_domain = "lab.lightscale"},
	                   .node = {.approved = true},
	                   .peers = world->peers,
	                   .peer_count = peers,
	                   .revision = 7},
	};
	fill_peer(&world->netmap.node.peer, "me", "me.lab.lightscale", 10);
	for (size_t i = 0; i < peers; i++) {
		(void)snprintf(world->names[i], sizeof(world->names[i]), "p%zu", i);
		(void)snprintf(world->dns_names[i], sizeof(world->dns_names[i]),
		               "p%zu.lab.lightscale", i);
		fill_peer(&world->peers[i], world->names[i], world->dns_names[i],
		          (uint8_t)(11 + i));
	}
}

static struct plan *must_plan(const struct world *world)
{
	struct plan *plan = NULL;
	struct ls_fail fail = {0};

	if (plan_make(&world->netmap, &world->options, &world->facts, &plan, &fail) < 0)
		fail_msg("%s", fail.text);
	return plan;
}

static void assert_prefix(const struct ls_prefix *prefix, const char *want)
{
	char text[LS_PREFIX_TEXT];

	assert_string_equal(ls_prefix_format(prefix, text), want);
}

static void assert_host(const struct plan_host *host, const char *ipv4, const char *ipv6,
                        const char *dns_name, const char *short_name)
{
	char text[LS_IP_TEXT];

	assert_string_equal(ls_ip_format(&host->ipv4, text), ipv4);
	assert_string_equal(ls_ip_format(&host->ipv6, text), ipv6);
	assert_string_equal(host->dns_name, dns_name);
	assert_string_equal(host->short_name, short_name);
}

static void assert_skip(const struct plan *plan, size_t i, const char *what, const char *reason)
{
	assert_true(i < plan->skip_count);
	assert_string_equal(plan->skips[i].what, what);
	assert_string_equal(plan->skips[i].reason, reason);
}

static void two_peers(void **state)
{
	static const char *const endpoints[] = {"192.0.2.1:51820", "100.64.1.12:1", "nonsense",
	                                        "[2001:db8::1]:9"};
	static const struct {
		const char *prefix;
		uint32_t metric;
	} routes[] = {
	        {"100.64.1.11/32", 0},
	        {"fd00:1:2::b/128", 1024},
	        {"100.64.1.12/32", 0},
	        {"fd00:1:2::c/128", 1024},
	};
	char text[LS_ENDPOINT_TEXT];
	struct world world;
	struct plan *plan;

	(void)state;
	make_world(&world, 2);
	world.peers[0].endpoints = (struct string_list){.items = endpoints, .count = 4};
	plan = must_plan(&world);
	assert_string_equal(plan->interface, "ls-test");
	assert_int_equal(plan->mtu, 1420);
	assert_int_equal(plan->address_count, 2);
	assert_prefix(&plan->addresses[0], "100.64.1.10/32");
	assert_prefix(&plan->addresses[1], "fd00:1:2::a/128");
	assert_int_equal(plan->peer_count, 2);
	assert_string_equal(plan->peers[0].name, "p0");
	assert_int_equal(plan->peers[0].allowed_ip_count, 2);
	assert_prefix(&plan->peers[0].allowed_ips[0], "100.64.1.11/32");
	assert_prefix(&plan->peers[0].allowed_ips[1], "fd00:1:2::b/128");
	assert_int_equal(plan->peers[0].keepalive_s, 25);
	assert_int_equal(plan->peers[0].endpoint_count, 2);
	assert_string_equal(ls_endpoint_format(&plan->peers[0].endpoints[0], text),
	                    "192.0.2.1:51820");
	assert_string_equal(ls_endpoint_format(&plan->peers[0].endpoints[1], text),
	                    "[2001:db8::1]:9");
	assert_int_equal(plan->peers[1].endpoint_count, 0);
	assert_int_equal(plan->route_count, 4);
	for (size_t i = 0; i < 4; i++) {
		assert_prefix(&plan->routes[i].prefix, routes[i].prefix);
		assert_int_equal(plan->routes[i].table, 254);
		assert_int_equal(plan->routes[i].metric, routes[i].metric);
	}
	assert_int_equal(plan->host_count, 3);
	assert_host(&plan->hosts[0], "100.64.1.10", "fd00:1:2::a", "me.lab.lightscale", "me");
	assert_host(&plan->hosts[1], "100.64.1.11", "fd00:1:2::b", "p0.lab.lightscale", "p0");
	assert_host(&plan->hosts[2], "100.64.1.12", "fd00:1:2::c", "p1.lab.lightscale", "p1");
	assert_int_equal(plan->skip_count, 1);
	assert_skip(plan, 0, "endpoint 100.64.1.12:1 of p0", "it lies inside the tunnel");
	assert_int_equal(plan->revision, 7);
	assert_ptr_equal(plan_find_peer(plan, &world.peers[1].wg_public_key), &plan->peers[1]);
	assert_null(plan_find_peer(plan, &world.netmap.node.peer.wg_public_key));
	plan_free(plan);
}

static void nodes_not_in_force_have_no_peers(void **state)
{
	static const struct {
		bool approved;
		bool rotate;
		bool revoked;
		bool unknown;
		enum plan_hold hold;
		const char *name;
	} cases[] = {
	        {true, false, false, false, PLAN_HOLD_NONE, NULL},
	        {false, false, false, false, PLAN_HOLD_UNAPPROVED, "unapproved"},
	        {true, true, false, false, PLAN_HOLD_ROTATION, "key-rotation-required"},
	        {false, true, true, false, PLAN_HOLD_REVOKED, "revoked"},
	        {true, false, false, true, PLAN_HOLD_UNKNOWN, "unknown to the control server"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct world world;
		struct plan *plan;

		make_world(&world, 2);
		world.netmap.node.approved = cases[i].approved;
		world.netmap.node.key_rotation_required = cases[i].rotate;
		world.netmap.node.revoked = cases[i].revoked;
		world.facts.node_unknown = cases[i].unknown;
		plan = must_plan(&world);
		assert_int_equal(plan->hold, cases[i].hold);
		assert_true(ls_streq(plan_hold_name(plan->hold), cases[i].name));
		assert_int_equal(plan->peer_count, cases[i].hold ? 0 : 2);
		assert_int_equal(plan->route_count, cases[i].hold ? 0 : 4);
		assert_int_equal(plan->host_count, cases[i].hold ? 1 : 3);
		assert_int_equal(plan->address_count, 2);
		plan_free(plan);
	}
}

static void peers_that_take_what_is_not_theirs_are_left_out(void **state)
{
	static const struct {
		const char *v4;
		const char *v6;
		uint8_t key;
		const char *reason;
	} cases[] = {
	        {"127.0.0.1", "fd00:1:2::b", 11, "its address is outside of the network's prefix"},
	        {"100.64.2.1", "fd00:1:2::b", 11, "its address is outside of the network's prefix"},
	        {"100.64.1.11", "::1", 11, "its address is outside of the network's prefix"},
	        {"100.64.1.10", "fd00:1:2::b", 11,
	         "its address belongs to this host or to another peer"},
	        {"100.64.1.12", "fd00:1:2::b", 11, NULL},
	        {"100.64.1.99", "fd00:1:2::b", 11,
	         "its address belongs to this host or to another peer"},
	        {"100.64.1.11", "fd00:1:2::b", 10,
	         "its public key is this node's or another peer's"},
	        {"100.64.1.11", "fd00:1:2::b", 0, "its public key is no key"},
	};
	const struct ls_ip local = ip_of("100.64.1.99");

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct world world;
		struct plan *plan;

		make_world(&world, 2);
		world.facts.local_addresses = &local;
		world.facts.local_address_count = 1;
		world.peers[0].ipv4 = ip_of(cases[i].v4);
		world.peers[0].ipv6 = ip_of(cases[i].v6);
		memset(world.peers[0].wg_public_key.b, cases[i].key, LS_KEY_LEN);
		plan = must_plan(&world);
		assert_int_equal(plan->skip_count, 1);
		/* The first to claim an address has it: there it is the second peer's loss. */
		assert_string_equal(plan->skips[0].what, cases[i].reason ? "peer p0" : "peer p1");
		if (cases[i].reason)
			assert_string_equal(plan->skips[0].reason, cases[i].reason);
		assert_int_equal(plan->peer_count, 1);
		assert_int_equal(plan->route_count, 2);
		plan_free(plan);
	}
}

static void names_that_are_not_the_networks_are_left_out(void **state)
{
	static const struct {
		const char *name;
		const char *dns_name;
		bool dns;
		bool alone;
		const char *what;
		const char *reason;
	} cases[] = {
	        {"p0", "p0.lab.lightscale", true, true, NULL, NULL},
	        {"p0", "P0.LAB.lightscale", true, true, NULL, NULL},
	        {"p0", "www.example.com", false, false, "name of p0",
	         "it is no name below the network's domain"},
	        {"p0", "lab.lightscale", false, false, "name of p0",
	         "it is no name below the network's domain"},
	        {"p0", "a.b.lab.lightscale", false, false, "name of p0",
	         "it is no name below the network's domain"},
	        {"p0", "p0 127.0.0.1.lab.lightscale", false, false, "name of p0",
	         "it is no name below the network's domain"},
	        {"p0", "p 0.lab.lightscale", false, false, "name of p0", "it is no DNS name"},
	        {"p0", "vpn.lab.lightscale", false, false, "name of p0",
	         "it is a control server's name"},
	        {"my phone", "p0.lab.lightscale", true, false, "short name of my phone",
	         "it is no DNS label"},
	        {"localhost", "p0.lab.lightscale", true, false, "short name of localhost",
	         "it has a meaning of its own on every host"},
	        {"LocalDomain", "p0.lab.lightscale", true, false, "short name of LocalDomain",
	         "it has a meaning of its own on every host"},
	        {"wpad", "p0.lab.lightscale", true, false, "short name of wpad",
	         "it has a meaning of its own on every host"},
	        {"NAS", "p0.lab.lightscale", true, false, "short name of NAS",
	         "this host has that name already"},
	        {"vpn", "p0.lab.lightscale", true, false, "short name of vpn",
	         "it is a control server's name"},
	};
	static const char *const local[] = {"nas", "printer", "nas"};
	static const char *const control[] = {"vpn", "VPN.lab.lightscale"};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct world world;
		struct plan *plan;

		make_world(&world, 1);
		world.peers[0].name = cases[i].name;
		world.peers[0].dns_name = cases[i].dns_name;
		world.facts.local_names = (struct string_list){.items = local, .count = 3};
		world.facts.control_hosts = (struct string_list){.items = control, .count = 2};
		plan = must_plan(&world);
		assert_int_equal(plan->peer_count, 1);
		assert_int_equal(plan->host_count, cases[i].dns ? 2 : 1);
		assert_int_equal(plan->skip_count, cases[i].what ? 1 : 0);
		if (cases[i].what)
			assert_skip(plan, 0, cases[i].what, cases[i].reason);
		if (cases[i].dns)
			assert_int_equal(plan->hosts[1].short_name != NULL, cases[i].alone);
		plan_free(plan);
	}
}

static void nodes_have_no_short_names_unless_asked_for(void **state)
{
	struct world world;
	struct plan *plan;

	(void)state;
	make_world(&world, 1);
	world.options.allow.short_names = false;
	plan = must_plan(&world);
	assert_int_equal(plan->host_count, 2);
	assert_null(plan->hosts[0].short_name);
	assert_null(plan->hosts[1].short_name);
	assert_string_equal(plan->hosts[1].name, "p0");
	assert_int_equal(plan->skip_count, 0);
	plan_free(plan);
}

static void what_the_host_needs_stays_outside(void **state)
{
	const struct plan_underlay underlay[] = {
	        {ip_of("100.64.1.11"), PLAN_UNDERLAY_CONTROL},
	        {ip_of("100.64.1.12"), PLAN_UNDERLAY_GATEWAY},
	        {ip_of("fd00:1:2::d"), PLAN_UNDERLAY_RESOLVER},
	        {ip_of("100.64.1.14"), PLAN_UNDERLAY_CONTROL},
	        {ip_of("fd00:1:2::e"), PLAN_UNDERLAY_CONTROL},
	};
	const struct ls_prefix allowed[] = {prefix_of("100.64.1.0/24"),
	                                    prefix_of("100.64.1.12/32")};
	struct world world;
	struct plan *plan;

	(void)state;
	make_world(&world, 5);
	world.facts.underlay = underlay;
	world.facts.underlay_count = 5;
	plan = must_plan(&world);
	assert_int_equal(plan->skip_count, 5);
	assert_skip(plan, 0, "address 100.64.1.11 of p0",
	            "it would hide a control server; --allow-prefix 100.64.1.11/32 uses it all the "
	            "same");
	assert_skip(plan, 1, "address 100.64.1.12 of p1",
	            "it would hide this host's gateway; --allow-prefix 100.64.1.12/32 uses it all "
	            "the same");
	assert_skip(plan, 2, "address fd00:1:2::d of p2",
	            "it would hide a name server of this host; --allow-prefix fd00:1:2::d/128 uses "
	            "it all the same");
	/* The other address of each is used; p3 has none left. */
	assert_int_equal(plan->peer_count, 4);
	assert_string_equal(plan->peers[3].name, "p4");
	assert_int_equal(plan->peers[0].allowed_ip_count, 1);
	assert_prefix(&plan->peers[0].allowed_ips[0], "fd00:1:2::b/128");
	assert_int_equal(plan->route_count, 5);
	assert_int_equal(plan->hosts[1].ipv4.family, LS_FAMILY_NONE);
	assert_string_equal(plan->hosts[1].dns_name, "p0.lab.lightscale");
	plan_free(plan);

	/* A prefix around the address does not allow it: that is for a clash with this host. */
	world.options.allow.prefixes = allowed;
	world.options.allow.prefix_count = 2;
	plan = must_plan(&world);
	assert_int_equal(plan->skip_count, 4);
	assert_int_equal(plan->peers[1].allowed_ip_count, 2);
	plan_free(plan);
}

static void own_address_that_hides_a_server_is_not_used(void **state)
{
	const struct plan_underlay underlay = {ip_of("100.64.1.10"), PLAN_UNDERLAY_CONTROL};
	struct world world;
	struct plan *plan;

	(void)state;
	make_world(&world, 2);
	world.facts.underlay = &underlay;
	world.facts.underlay_count = 1;
	plan = must_plan(&world);
	assert_int_equal(plan->skip_count, 1);
	assert_string_equal(plan->skips[0].what, "address 100.64.1.10 of this node");
	assert_int_equal(plan->address_count, 1);
	assert_prefix(&plan->addresses[0], "fd00:1:2::a/128");
	assert_int_equal(plan->peer_count, 2);
	assert_int_equal(plan->route_count, 2);
	plan_free(plan);
}

/* Moves the world's network and its nodes to other prefixes of at least 24 and 48 bits. */
static void move_world(struct world *world, const char *v4, const char *v6)
{
	struct network_info *network = &world->netmap.network;

	network->overlay_v4 = prefix_of(v4);
	network->overlay_v6 = prefix_of(v6);
	memcpy(world->netmap.node.peer.ipv4.b, network->overlay_v4.ip.b, 3);
	memcpy(world->netmap.node.peer.ipv6.b, network->overlay_v6.ip.b, 6);
	for (size_t i = 0; i < world->netmap.peer_count; i++) {
		memcpy(world->peers[i].ipv4.b, network->overlay_v4.ip.b, 3);
		memcpy(world->peers[i].ipv6.b, network->overlay_v6.ip.b, 6);
	}
}

static void prefixes_that_are_not_the_servers_to_give(void **state)
{
	static const struct {
		const char *v4;
		const char *v6;
		const char *allow;
		const char *what;
		const char *reason;
	} cases[] = {
	        {"100.64.0.0/10", "fd00::/8", NULL, NULL, NULL},
	        {"10.0.0.0/8", "fc00::/7", NULL, NULL, NULL},
	        {"172.16.0.0/12", "fd12:3456::/32", NULL, NULL, NULL},
	        {"192.168.44.0/24", "2001:db8:1::/48", NULL, NULL, NULL},
	        {"198.18.0.0/15", "fd00:1:2::/48", NULL, NULL, NULL},
	        {"203.0.113.0/24", "3fff:1::/48", NULL, NULL, NULL},
	        {"8.0.0.0/7", "fd00:1:2::/48", NULL, "IPv4 prefix 8.0.0.0/7",
	         "it has public addresses; --allow-prefix 8.0.0.0/7 uses it all the same"},
	        {"10.0.0.0/7", "fd00:1:2::/48", NULL, "IPv4 prefix 10.0.0.0/7",
	         "it has public addresses; --allow-prefix 10.0.0.0/7 uses it all the same"},
	        {"172.0.0.0/11", "fd00:1:2::/48", NULL, "IPv4 prefix 172.0.0.0/11",
	         "it has public addresses; --allow-prefix 172.0.0.0/11 uses it all the same"},
	        {"8.8.8.0/24", "fd00:1:2::/48", "8.8.0.0/16", NULL, NULL},
	        {"8.8.8.0/24", "fd00:1:2::/48", "8.8.8.0/25", "IPv4 prefix 8.8.8.0/24",
	         "it has public addresses; --allow-prefix 8.8.8.0/24 uses it all the same"},
	        {"100.64.1.0/24", "2606:4700::/32", NULL, "IPv6 prefix 2606:4700::/32",
	         "it has public addresses; --allow-prefix 2606:4700::/32 uses it all the same"},
	        {"192.168.0.0/16", "fd00:1:2::/48", NULL, "IPv4 prefix 192.168.0.0/16",
	         "it overlaps 192.168.7.0/24, which this host reaches in another way; "
	         "--allow-prefix 192.168.0.0/16 uses it all the same"},
	        {"192.168.7.128/25", "fd00:1:2::/48", NULL, "IPv4 prefix 192.168.7.128/25",
	         "it overlaps 192.168.7.0/24, which this host reaches in another way; "
	         "--allow-prefix 192.168.7.128/25 uses it all the same"},
	        {"192.168.0.0/16", "fd00:1:2::/48", "192.168.0.0/16", NULL, NULL},
	        {"100.64.1.0/24", "2001:db8::/32", NULL, "IPv6 prefix 2001:db8::/32",
	         "it overlaps 2001:db8:99::/48, which this host reaches in another way; "
	         "--allow-prefix 2001:db8::/32 uses it all the same"},
	};
	const struct ls_prefix local[] = {prefix_of("192.168.7.0/24"),
	                                  prefix_of("2001:db8:99::/48")};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		size_t families = cases[i].what ? 1 : 2;
		struct ls_prefix allowed;
		struct world world;
		struct plan *plan;

		make_world(&world, 1);
		move_world(&world, cases[i].v4, cases[i].v6);
		if (ls_streq(cases[i].v4, "192.168.7.128/25"))
			world.netmap.node.peer.ipv4.b[3] = 200, world.peers[0].ipv4.b[3] = 201;
		world.facts.local_prefixes = local;
		world.facts.local_prefix_count = 2;
		if (cases[i].allow) {
			allowed = prefix_of(cases[i].allow);
			world.options.allow.prefixes = &allowed;
			world.options.allow.prefix_count = 1;
		}
		plan = must_plan(&world);
		assert_int_equal(plan->skip_count, cases[i].what ? 1 : 0);
		if (cases[i].what)
			assert_skip(plan, 0, cases[i].what, cases[i].reason);
		assert_int_equal(plan->address_count, families);
		assert_int_equal(plan->peer_count, 1);
		assert_int_equal(plan->peers[0].allowed_ip_count, families);
		assert_int_equal(plan->route_count, families);
		plan_free(plan);
	}
}

static void a_network_of_which_nothing_is_used(void **state)
{
	struct world world;
	struct plan *plan;

	(void)state;
	make_world(&world, 3);
	move_world(&world, "8.8.8.0/24", "2606:4700:1::/48");
	plan = must_plan(&world);
	assert_int_equal(plan->skip_count, 2);
	assert_int_equal(plan->address_count, 0);
	assert_int_equal(plan->peer_count, 0);
	assert_int_equal(plan->route_count, 0);
	plan_free(plan);
}

static void domains_that_are_not_the_servers_to_give(void **state)
{
	static const char others[] = "others may have names below it";
	static const char services[] = "other services use names below it";
	static const struct {
		const char *domain;
		const char *allow;
		const char *reason;
	} cases[] = {
	        {"net-1.lightscale", NULL, NULL},
	        {"mesh.internal", NULL, NULL},
	        {"Mesh.Home.Arpa", NULL, NULL},
	        {"a.b.lan", NULL, NULL},
	        {"com", NULL, others},
	        {"co.uk", NULL, others},
	        {"debian.org", NULL, others},
	        {"mesh.debian.org", NULL, others},
	        {"debian.org", "Debian.org", NULL},
	        {"mesh.debian.org", "debian.org", NULL},
	        {"debian.org", "mesh.debian.org", others},
	        {"xdebian.org", "debian.org", others},
	        {"localdomain", NULL, others},
	        {"lan", NULL, others},
	        {"local", NULL, others},
	        {"internal", NULL, others},
	        {"home.arpa", NULL, others},
	        {"xlan", NULL, others},
	        {"google.internal", NULL, services},
	        {"c.p.google.internal", NULL, services},
	        {"google.internal", "internal", NULL},
	        {"vpn.example.com", NULL, NULL},
	        {"mesh.vpn.example.com", NULL, NULL},
	        {"example.com", NULL, others},
	        {"server", NULL, others}, /* a control host without a dot does not count */
	};
	static const char *const control[] = {"vpn.example.com", "server"};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct world world;
		struct plan *plan;
		char name[80], what[80], reason[160];

		make_world(&world, 1);
		world.netmap.network.dns_domain = cases[i].domain;
		world.facts.control_hosts = (struct string_list){.items = control, .count = 2};
		world.options.allow.domains =
		        (struct string_list){.items = &cases[i].allow, .count = !!cases[i].allow};
		(void)snprintf(name, sizeof(name), "p0.%s", cases[i].domain);
		world.netmap.node.peer.dns_name = world.peers[0].dns_name = name;
		plan = must_plan(&world);
		assert_int_equal(plan->peer_count, 1);
		assert_int_equal(plan->host_count, cases[i].reason ? 0 : 2);
		assert_int_equal(plan->skip_count, cases[i].reason ? 1 : 0);
		if (cases[i].reason) {
			(void)snprintf(what, sizeof(what), "domain %s", cases[i].domain);
			(void)snprintf(reason, sizeof(reason),
			               "%s; --allow-domain %s uses it all the same",
			               cases[i].reason, cases[i].domain);
			assert_skip(plan, 0, what, reason);
		}
		plan_free(plan);
	}
}

/* No option is advised that could not name it. */
static void domains_that_are_no_dns_names(void **state)
{
	static const char *const domains[] = {"", ".", "co.uk.", "mesh.lightscale.", "a..b", "a b"};

	(void)state;
	for (size_t i = 0; i < sizeof(domains) / sizeof(domains[0]); i++) {
		struct world world;
		struct plan *plan;
		char what[80];

		make_world(&world, 0);
		world.netmap.network.dns_domain = domains[i];
		plan = must_plan(&world);
		assert_false(plan->uses_domain);
		(void)snprintf(what, sizeof(what), "domain %s", domains[i]);
		assert_skip(plan, 0, what, "it is no DNS name");
		plan_free(plan);
	}
}

static void endpoints_that_lead_elsewhere_are_left_out(void **state)
{
	static const struct {
		const char *endpoint;
		const char *reason;
	} cases[] = {
	        {"192.0.2.1:51820", NULL},
	        {"10.1.2.3:51820", NULL},
	        {"192.168.7.9:51820", NULL},
	        {"[2001:db8::1]:51820", NULL},
	        {"[fd99:1::5]:51820", NULL},
	        {"127.0.0.1:53", "it is a loopback address"},
	        {"127.255.255.254:53", "it is a loopback address"},
	        {"[::1]:53", "it is a loopback address"},
	        {"[::ffff:127.0.0.1]:53", "it is a loopback address"},
	        {"[::127.0.0.1]:53", "it is no host's address"},
	        {"0.0.0.0:53", "it is no host's address"},
	        {"0.1.2.3:53", "it is no host's address"},
	        {"[::]:53", "it is no host's address"},
	        {"224.0.0.251:5353", "it is a multicast address"},
	        {"239.255.255.255:5353", "it is a multicast address"},
	        {"[ff02::fb]:5353", "it is a multicast address"},
	        {"255.255.255.255:67", "it is a broadcast address"},
	        {"250.0.0.1:67", "it is a reserved address"},
	        {"169.254.169.254:80", "it is a link-local address"},
	        {"[fe80::1]:51820", "it is a link-local address"},
	        {"[fe80::1%1]:51820", "it is a link-local address"},
	        {"192.168.7.255:67", "it is a broadcast address"},
	        {"192.168.7.0:67", "it is a broadcast address"},
	        {"192.168.7.4:22", "it is this host's own address"},
	        {"[fd99:1::4]:22", "it is this host's own address"},
	        {"100.64.1.77:51820", "it lies inside the tunnel"},
	        {"[fd00:1:2:3::1]:51820", "it lies inside the tunnel"},
	};
	const struct ls_prefix local[] = {prefix_of("192.168.7.0/24"), prefix_of("fd99:1::/32")};
	const struct ls_ip own[] = {ip_of("192.168.7.4"), ip_of("fd99:1::4")};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *two[] = {cases[i].endpoint, cases[i].endpoint};
		struct world world;
		struct plan *plan;
		char what[96];

		make_world(&world, 2);
		world.facts = (struct plan_facts){.local_addresses = own,
		                                  .local_address_count = 2,
		                                  .local_prefixes = local,
		                                  .local_prefix_count = 2};
		world.peers[0].endpoints = (struct string_list){.items = two, .count = 1};
		world.peers[1].endpoints = (struct string_list){.items = two, .count = 2};
		plan = must_plan(&world);
		assert_int_equal(plan->peer_count, 2);
		assert_int_equal(plan->peers[0].endpoint_count, cases[i].reason ? 0 : 1);
		assert_int_equal(plan->skip_count, cases[i].reason ? 2 : 0);
		if (cases[i].reason) {
			(void)snprintf(what, sizeof(what), "endpoint %s of p0", two[0]);
			assert_skip(plan, 0, what, cases[i].reason);
			(void)snprintf(what, sizeof(what), "endpoint %s and 1 more of p1", two[0]);
			assert_skip(plan, 1, what, cases[i].reason);
		}
		plan_free(plan);
	}
}

static void networks_that_no_host_can_use(void **state)
{
	static const struct {
		const char *v4;
		const char *v6;
		const char *message;
	} cases[] = {
	        {"127.0.0.0/8", "fd00:1:2::/48",
	         "network lab: its IPv4 prefix 127.0.0.0/8 has reserved addresses"},
	        {"0.0.0.0/0", "fd00:1:2::/48",
	         "network lab: its IPv4 prefix 0.0.0.0/0 has reserved addresses"},
	        {"100.64.1.0/24", "::/0",
	         "network lab: its IPv6 prefix ::/0 has reserved addresses"},
	        {"100.64.1.0/24", "fe80::/64",
	         "network lab: its IPv6 prefix fe80::/64 has reserved addresses"},
	        {"100.64.2.0/24", "fd00:1:2::/48",
	         "network lab: this node's addresses are outside of its prefixes"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct world world;
		struct plan *plan = NULL;
		struct ls_fail fail = {0};

		make_world(&world, 1);
		world.netmap.network.overlay_v4 = prefix_of(cases[i].v4);
		world.netmap.network.overlay_v6 = prefix_of(cases[i].v6);
		assert_int_equal(
		        plan_make(&world.netmap, &world.options, &world.facts, &plan, &fail),
		        LS_ERROR_BAD_VALUE);
		assert_string_equal(fail.text, cases[i].message);
		assert_null(plan);
	}
}

static void mtu_follows_the_underlay(void **state)
{
	static const uint32_t cases[][2] = {
	        {0, 1420},    {1500, 1420}, {1400, 1320},  {9000, 1420},
	        {1360, 1280}, {1300, 1280}, {65536, 1420}, {40, 1280},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct world world;
		struct plan *plan;

		make_world(&world, 0);
		world.facts.underlay_mtu = cases[i][0];
		plan = must_plan(&world);
		assert_int_equal(plan->mtu, cases[i][1]);
		plan_free(plan);
	}
}

static void interface_names(void **state)
{
	char name[PLAN_INTERFACE_TEXT];

	(void)state;
	assert_string_equal(plan_interface_name("default", name), "ls-default");
	assert_string_equal(plan_interface_name("a-very-long-profile", name), "ls-a-very-long-");
}

static void route_options(void **state)
{
	struct world world;
	struct plan *plan;

	(void)state;
	make_world(&world, 1);
	world.options.route_table = 100;
	world.options.route_metric = 5;
	plan = must_plan(&world);
	for (size_t i = 0; i < plan->route_count; i++) {
		assert_int_equal(plan->routes[i].table, 100);
		assert_int_equal(plan->routes[i].metric, 5);
	}
	plan_free(plan);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(two_peers),
	        cmocka_unit_test(nodes_not_in_force_have_no_peers),
	        cmocka_unit_test(peers_that_take_what_is_not_theirs_are_left_out),
	        cmocka_unit_test(names_that_are_not_the_networks_are_left_out),
	        cmocka_unit_test(nodes_have_no_short_names_unless_asked_for),
	        cmocka_unit_test(what_the_host_needs_stays_outside),
	        cmocka_unit_test(own_address_that_hides_a_server_is_not_used),
	        cmocka_unit_test(prefixes_that_are_not_the_servers_to_give),
	        cmocka_unit_test(a_network_of_which_nothing_is_used),
	        cmocka_unit_test(domains_that_are_not_the_servers_to_give),
	        cmocka_unit_test(domains_that_are_no_dns_names),
	        cmocka_unit_test(endpoints_that_lead_elsewhere_are_left_out),
	        cmocka_unit_test(networks_that_no_host_can_use),
	        cmocka_unit_test(mtu_follows_the_underlay),
	        cmocka_unit_test(interface_names),
	        cmocka_unit_test(route_options),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
