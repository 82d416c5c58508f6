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
	        .options = {.interface = "ls-test", .keepalive_s = PLAN_KEEPALIVE_S},
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
	assert_int_equal(plan->skip_count, 0);
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
	        {"100.64.1.11", "fd00:1:2::b", 0, "its public key is all zero"},
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
	} cases[] = {
	        {"p0", "p0.lab.lightscale", true, true},
	        {"p0", "P0.LAB.lightscale", true, true},
	        {"p0", "www.example.com", false, false},
	        {"p0", "lab.lightscale", false, false},
	        {"p0", "a.b.lab.lightscale", false, false},
	        {"p0", "p0 127.0.0.1.lab.lightscale", false, false},
	        {"p0", "p 0.lab.lightscale", false, false},
	        {"my phone", "p0.lab.lightscale", true, false},
	        {"localhost", "p0.lab.lightscale", true, false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct world world;
		struct plan *plan;

		make_world(&world, 1);
		world.peers[0].name = cases[i].name;
		world.peers[0].dns_name = cases[i].dns_name;
		plan = must_plan(&world);
		assert_int_equal(plan->peer_count, 1);
		assert_int_equal(plan->host_count, cases[i].dns ? 2 : 1);
		assert_int_equal(plan->skip_count, cases[i].dns ? 0 : 1);
		if (cases[i].dns)
			assert_int_equal(plan->hosts[1].short_name != NULL, cases[i].alone);
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
	        cmocka_unit_test(networks_that_no_host_can_use),
	        cmocka_unit_test(mtu_follows_the_underlay),
	        cmocka_unit_test(interface_names),
	        cmocka_unit_test(route_options),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
