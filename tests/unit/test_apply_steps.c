/* SPDX-License-Identifier: Apache-2.0 */
/* Finds the steps from what a host has to what a plan wants, and their order, without a host. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "apply/kind.h"
#include "base/str.h"

enum {
	PEERS_MAX = 4,
};

/* A host, and a plan by hand: this node .10, peers from .11 on, each with two routes. */
struct world {
	struct apply_context ctx;
	struct apply_actual actual;
	struct plan plan;
	struct ls_prefix addresses[2];
	struct plan_peer peers[PEERS_MAX];
	const struct plan_peer *by_key[PEERS_MAX];
	struct ls_prefix allowed[PEERS_MAX][2];
	struct plan_route routes[2 * PEERS_MAX];
	struct plan_host hosts[1];
};

static struct ls_prefix prefix_of(const char *text, uint8_t last)
{
	struct ls_prefix prefix;

	assert_int_equal(ls_prefix_parse(text, &prefix), 0);
	prefix.ip.b[ls_ip_len(&prefix.ip) - 1] = last;
	return prefix;
}

static void make_peer(struct world *w, size_t i)
{
	static const char *const names[PEERS_MAX] = {"p0", "p1", "p2", "p3"};
	uint8_t n = (uint8_t)(11 + i);

	w->allowed[i][0] = prefix_of("100.64.1.0/32", n);
	w->allowed[i][1] = prefix_of("fd00:1:2::/128", n);
	w->peers[i] = (struct plan_peer){.name = names[i],
	                                 .allowed_ips = w->allowed[i],
	                                 .allowed_ip_count = 2,
	                                 .keepalive_s = 25};
	memset(w->peers[i].public_key.b, n, LS_KEY_LEN);
	w->by_key[i] = &w->peers[i];
	w->routes[2 * i] = (struct plan_route){.prefix = w->allowed[i][0], .table = 254};
	w->routes[2 * i + 1] =
	        (struct plan_route){.prefix = w->allowed[i][1], .table = 254, .metric = 1024};
}

static void make_world(struct world *w, size_t peers)
{
	*w = (struct world){.plan = {.interface = "ls-test", .mtu = 1420}};
	w->ctx.options.interface = w->plan.interface;
	w->ctx.mtu = 1420;
	w->addresses[0] = prefix_of("100.64.1.0/32", 10);
	w->addresses[1] = prefix_of("fd00:1:2::/128", 10);
	for (size_t i = 0; i < PEERS_MAX; i++)
		make_peer(w, i);
	w->plan.addresses = w->addresses;
	w->plan.address_count = 2;
	w->plan.peers = w->peers;
	w->plan.peers_by_key = w->by_key;
	w->plan.peer_count = peers;
	w->plan.routes = w->routes;
	w->plan.route_count = 2 * peers;
	w->plan.hosts = w->hosts;
}

static void *copy_of(const void *from, size_t size)
{
	void *copy = calloc(1, size);

	assert_non_null(copy);
	memcpy(copy, from, size);
	return copy;
}

/* The host is as the plan wants it. */
static void make_true(struct world *w)
{
	struct apply_actual *actual = &w->actual;

	*actual = (struct apply_actual){.exists = true, .up = true, .mtu = w->plan.mtu};
	actual->addresses = copy_of(w->addresses, sizeof(w->addresses));
	actual->address_count = w->plan.address_count;
	actual->routes = copy_of(w->routes, sizeof(w->routes));
	actual->route_count = w->plan.route_count;
	for (size_t i = 0; i < w->plan.peer_count; i++) {
		const struct plan_peer *from = &w->peers[i];
		struct wg_peer_config *peer =
		        wg_config_add_peer(&actual->device, &from->public_key);

		assert_non_null(peer);
		peer->keepalive_s = from->keepalive_s;
		for (size_t j = 0; j < from->allowed_ip_count; j++)
			assert_int_equal(
			        wg_config_add_allowed_ip(peer, &from->allowed_ips[j], false), 0);
	}
}

/* One line a step, then what is left out. */
static void assert_steps(const struct world *w, const char *expected)
{
	struct plan_steps steps;
	struct ls_buf text = {0};
	size_t counted = 0;

	assert_int_equal(apply_diff(&w->ctx, &w->actual, &w->plan, &steps), 0);
	for (size_t i = 0; i < steps.count; i++) {
		plan_step_describe(&steps.items[i], &text);
		ls_buf_puts(&text, "\n");
	}
	for (size_t i = 0; i < steps.left_out_count; i++)
		ls_buf_printf(&text, "not: %s: %s\n", steps.left_out[i].what,
		              steps.left_out[i].reason);
	for (size_t i = 0; i < PLAN_STEP_KINDS; i++)
		counted += steps.counts[i];
	assert_string_equal(ls_buf_text(&text), expected);
	assert_int_equal(counted, steps.count);
	ls_buf_done(&text);
	plan_steps_done(&steps);
}

static void from_nothing(void **state)
{
	struct world w;

	(void)state;
	make_world(&w, 1);
	w.plan.mtu = 1320;
	assert_steps(&w, "create the interface\n"
	                 "add peer CwsLCwsL (p0), allowed IPs 100.64.1.11/32, fd00:1:2::b/128\n"
	                 "add address 100.64.1.10/32\n"
	                 "add address fd00:1:2::a/128\n"
	                 "set MTU 1320\n"
	                 "bring the interface up\n"
	                 "add route 100.64.1.11/32 table 254\n"
	                 "add route fd00:1:2::b/128 table 254 metric 1024\n");
}

static void no_change_no_steps(void **state)
{
	struct world w;

	(void)state;
	make_world(&w, 4);
	make_true(&w);
	assert_steps(&w, "");
	apply_actual_done(&w.actual);
}

/* p0 leaves, p1 moves to another address, p2 is renamed only, p3 joins. */
static void only_what_differs_is_touched(void **state)
{
	struct world w;

	(void)state;
	make_world(&w, 3);
	make_true(&w);
	w.plan.peer_count = 3;
	w.plan.peers = &w.peers[1];
	w.plan.peers_by_key = &w.by_key[1];
	w.plan.routes = &w.routes[2];
	w.plan.route_count = 6;
	w.plan.mtu = 1320;
	w.allowed[1][0] = prefix_of("100.64.1.0/32", 200);
	w.routes[2].prefix = w.allowed[1][0];
	w.peers[2].name = "renamed";
	assert_steps(&w, "remove peer CwsLCwsL\n"
	                 "change peer DAwMDAwM (p1), allowed IPs 100.64.1.200/32, fd00:1:2::c/128\n"
	                 "add peer Dg4ODg4O (p3), allowed IPs 100.64.1.14/32, fd00:1:2::e/128\n"
	                 "set MTU 1320\n"
	                 "add route 100.64.1.14/32 table 254\n"
	                 "add route 100.64.1.200/32 table 254\n"
	                 "add route fd00:1:2::e/128 table 254 metric 1024\n"
	                 "remove route 100.64.1.11/32 table 254\n"
	                 "remove route 100.64.1.12/32 table 254\n"
	                 "remove route fd00:1:2::b/128 table 254 metric 1024\n");
	apply_actual_done(&w.actual);
}

/* With its last IPv4 address Linux would remove all of an interface's IPv4 routes. */
static void a_new_address_comes_before_the_old_one_goes(void **state)
{
	struct world w;

	(void)state;
	make_world(&w, 1);
	make_true(&w);
	w.addresses[0] = prefix_of("100.64.1.0/32", 50);
	assert_steps(&w, "add address 100.64.1.50/32\n"
	                 "remove address 100.64.1.10/32\n");
	apply_actual_done(&w.actual);
}

static void what_cannot_be_is_left_out(void **state)
{
	struct world w;

	(void)state;
	make_world(&w, 2);
	w.actual.ipv6_off = true;
	w.actual.foreign_routes = copy_of(w.routes, sizeof(w.routes[0]));
	w.actual.foreign_route_count = 1;
	assert_steps(&w, "create the interface\n"
	                 "add peer CwsLCwsL (p0), allowed IPs 100.64.1.11/32, fd00:1:2::b/128\n"
	                 "add peer DAwMDAwM (p1), allowed IPs 100.64.1.12/32, fd00:1:2::c/128\n"
	                 "add address 100.64.1.10/32\n"
	                 "bring the interface up\n"
	                 "add route 100.64.1.12/32 table 254\n"
	                 "not: IPv6 addresses and routes: IPv6 is off on this host\n"
	                 "not: route 100.64.1.11/32 table 254: this host has another route in its "
	                 "place\n");
	apply_actual_done(&w.actual);
}

static void names_come_last(void **state)
{
	struct world w;

	(void)state;
	make_world(&w, 0);
	make_true(&w);
	w.ctx.options.hosts_path = "/etc/hosts";
	w.ctx.options.profile = "lab";
	w.hosts[0] = (struct plan_host){
	        .ipv4 = w.addresses[0].ip, .ipv6 = w.addresses[1].ip, .dns_name = "me.lab.test"};
	w.plan.host_count = 1;
	assert_steps(&w, "write the names of 1 nodes into /etc/hosts\n");
	w.actual.hosts = strdup("127.0.0.1 localhost\n# lightscale:lab begin\n"
	                        "100.64.1.10\tme.lab.test\nfd00:1:2::a\tme.lab.test\n"
	                        "# lightscale:lab end\n");
	assert_steps(&w, "");
	free(w.actual.hosts);
	w.actual.hosts = strdup("# lightscale:lab begin\n");
	assert_steps(&w,
	             "not: names in the hosts file: /etc/hosts: \"# lightscale:lab begin\" has no "
	             "end: put \"# lightscale:lab end\" after its last line\n");
	apply_actual_done(&w.actual);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(from_nothing),
	        cmocka_unit_test(no_change_no_steps),
	        cmocka_unit_test(only_what_differs_is_touched),
	        cmocka_unit_test(a_new_address_comes_before_the_old_one_goes),
	        cmocka_unit_test(what_cannot_be_is_left_out),
	        cmocka_unit_test(names_come_last),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
