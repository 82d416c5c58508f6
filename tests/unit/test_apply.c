/* SPDX-License-Identifier: Apache-2.0 */
/* The kernel's answer to what we ask: in a network namespace of the test's own, on a TUN device. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "apply/facts.h"
#include "apply/interface.h"
#include "netlink/rtnl.h"
#include "plan/plan.h"
#include "skip.h"

#define DEVICE "ls-test"

static struct rtnl *rtnl;

/* The device lives as long as the descriptor. */
static int make_tun(const char *name)
{
	struct ifreq ifr = {.ifr_flags = IFF_TUN | IFF_NO_PI};
	int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC);

	assert_true(fd >= 0);
	(void)strncpy(ifr.ifr_name, name, sizeof(ifr.ifr_name) - 1);
	assert_int_equal(ioctl(fd, TUNSETIFF, &ifr), 0);
	return fd;
}

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

static struct rtnl_link must_link(const char *name)
{
	struct rtnl_link link;
	struct ls_fail fail = {0};

	if (rtnl_link_get(rtnl, name, &link, &fail) < 0)
		fail_msg("%s", fail.text);
	return link;
}

static void links(void **state)
{
	struct rtnl_link link, again;
	struct ls_fail fail = {0};
	int fd = make_tun(DEVICE);

	(void)state;
	link = must_link(DEVICE);
	assert_string_equal(link.name, DEVICE);
	assert_string_equal(link.kind, "tun");
	assert_int_equal(link.flags & IFF_UP, 0);
	assert_int_equal(rtnl_link_set_mtu(rtnl, link.index, 1380, &fail), 0);
	assert_int_equal(rtnl_link_set_up(rtnl, link.index, true, &fail), 0);
	assert_int_equal(rtnl_link_get_by_index(rtnl, link.index, &again, &fail), 0);
	assert_int_equal(again.mtu, 1380);
	assert_int_not_equal(again.flags & IFF_UP, 0);
	assert_int_equal(rtnl_link_set_mtu(rtnl, link.index, 1 << 20, &fail), -EINVAL);
	assert_string_equal(fail.text, "cannot set its MTU to 1048576: Invalid argument "
	                               "(mtu greater than device maximum)");
	assert_int_equal(rtnl_link_delete(rtnl, link.index, &fail), 0);
	assert_int_equal(rtnl_link_get(rtnl, DEVICE, &link, &fail), -ENODEV);
	assert_string_equal(fail.text, "there is no interface " DEVICE);
	assert_int_equal(rtnl_link_get(rtnl, "a-much-too-long-name", &link, &fail), -EINVAL);
	(void)close(fd);
}

static void addresses(void **state)
{
	static const char *const texts[] = {"100.64.1.10/32", "fd00:1:2::a/128"};
	struct rtnl_address_list list;
	struct ls_fail fail = {0};
	int fd = make_tun(DEVICE);
	uint32_t link = must_link(DEVICE).index;

	(void)state;
	assert_int_equal(rtnl_link_set_up(rtnl, link, true, &fail), 0);
	for (size_t i = 0; i < 2; i++) {
		struct ls_prefix address = prefix_of(texts[i]);

		assert_int_equal(rtnl_address_add(rtnl, link, &address, &fail), 0);
		assert_int_equal(rtnl_address_add(rtnl, link, &address, &fail), -EEXIST);
	}
	assert_int_equal(rtnl_address_list(rtnl, link, &list, &fail), 0);
	for (size_t i = 0; i < 2; i++) {
		struct ls_prefix address = prefix_of(texts[i]);
		bool found = false;

		for (size_t j = 0; j < list.count; j++)
			found |= ls_ip_equal(&list.items[j].ip, &address.ip) &&
			         list.items[j].bits == address.bits && list.items[j].link == link;
		assert_true(found);
		assert_int_equal(rtnl_address_delete(rtnl, link, &address, &fail), 0);
		assert_int_equal(rtnl_address_delete(rtnl, link, &address, &fail), -EADDRNOTAVAIL);
	}
	rtnl_address_list_done(&list);
	(void)close(fd);
}

static bool list_has(const struct rtnl_route_list *list, const struct rtnl_route *route)
{
	for (size_t i = 0; i < list->count; i++) {
		const struct rtnl_route *at = &list->items[i];

		if (ls_prefix_equal(&at->prefix, &route->prefix) && at->table == route->table &&
		    at->metric == route->metric && at->link == route->link &&
		    at->protocol == RTNL_PROTOCOL)
			return true;
	}
	return false;
}

static void routes(void **state)
{
	static const struct {
		const char *prefix;
		uint32_t table;
		uint32_t metric;
	} cases[] = {
	        {"100.64.1.11/32", 254, 0},     {"100.64.2.0/24", 254, 77}, {"0.0.0.0/0", 51820, 5},
	        {"fd00:1:2::b/128", 254, 1024}, {"::/0", 1000, 9},
	};
	struct rtnl_route_list list;
	struct ls_fail fail = {0};
	int fd = make_tun(DEVICE);
	uint32_t link = must_link(DEVICE).index;

	(void)state;
	assert_int_equal(rtnl_link_set_up(rtnl, link, true, &fail), 0);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct rtnl_route route = {.prefix = prefix_of(cases[i].prefix),
		                           .table = cases[i].table,
		                           .metric = cases[i].metric,
		                           .link = link};

		assert_int_equal(rtnl_route_add(rtnl, &route, &fail), 0);
		assert_int_equal(rtnl_route_add(rtnl, &route, &fail), -EEXIST);
		assert_int_equal(rtnl_route_replace(rtnl, &route, &fail), 0);
		assert_int_equal(rtnl_route_list(rtnl, link, &list, &fail), 0);
		assert_true(list_has(&list, &route));
		rtnl_route_list_done(&list);
		assert_int_equal(rtnl_route_delete(rtnl, &route, &fail), 0);
		assert_int_equal(rtnl_route_delete(rtnl, &route, &fail), -ESRCH);
		assert_int_equal(rtnl_route_list(rtnl, 0, &list, &fail), 0);
		assert_false(list_has(&list, &route));
		rtnl_route_list_done(&list);
	}
	(void)close(fd);
}

static void lookups(void **state)
{
	struct ls_ip v4 = ip_of("100.64.1.11"), v6 = ip_of("fd00:1:2::b"), far = ip_of("192.0.2.1");
	struct rtnl_route route = {.prefix = prefix_of("100.64.1.0/24")}, found;
	struct rtnl_route route6 = {.prefix = prefix_of("fd00:1:2::/48")};
	struct ls_fail fail = {0};
	int fd = make_tun(DEVICE);
	uint32_t link = must_link(DEVICE).index;

	(void)state;
	route.link = route6.link = link;
	assert_int_equal(rtnl_link_set_up(rtnl, link, true, &fail), 0);
	assert_int_equal(rtnl_route_add(rtnl, &route, &fail), 0);
	assert_int_equal(rtnl_route_add(rtnl, &route6, &fail), 0);
	assert_int_equal(rtnl_route_lookup(rtnl, &v4, 0, &found, &fail), 0);
	assert_int_equal(found.link, link);
	assert_int_equal(rtnl_route_lookup(rtnl, &v6, 0x51, &found, &fail), 0);
	assert_int_equal(found.link, link);
	assert_int_equal(rtnl_route_lookup(rtnl, &far, 0, &found, &fail), -ENETUNREACH);
	assert_string_equal(fail.text, "cannot find a route to 192.0.2.1: Network is unreachable");
	(void)close(fd);
}

/* --- reconciling --- */

/* A plan by hand: this node 100.64.1.10 and n peers from .11 on. */
struct made {
	struct plan plan;
	struct ls_prefix addresses[2];
	struct plan_route routes[16];
};

static void make_plan(struct made *made, size_t peers, uint32_t mtu)
{
	*made = (struct made){.plan = {.interface = DEVICE, .mtu = mtu}};
	made->addresses[0] = prefix_of("100.64.1.10/32");
	made->addresses[1] = prefix_of("fd00:1:2::a/128");
	made->plan.addresses = made->addresses;
	made->plan.address_count = 2;
	made->plan.routes = made->routes;
	made->plan.route_count = 2 * peers;
	for (size_t i = 0; i < peers; i++) {
		struct plan_route *at = &made->routes[2 * i];

		at[0] = (struct plan_route){.prefix = prefix_of("100.64.1.11/32"), .table = 254};
		at[0].prefix.ip.b[3] = (uint8_t)(11 + i);
		at[1] = (struct plan_route){
		        .prefix = prefix_of("fd00:1:2::b/128"), .table = 254, .metric = 1024};
		at[1].prefix.ip.b[15] = (uint8_t)(11 + i);
	}
}

static struct apply_report must_apply(const struct made *made)
{
	struct apply_report report;
	struct ls_fail fail = {0};

	if (apply_interface(rtnl, &made->plan, &report, &fail) < 0)
		fail_msg("%s", fail.text);
	return report;
}

static void interface_becomes_the_plan(void **state)
{
	struct apply_actual actual;
	struct apply_report report;
	struct ls_fail fail = {0};
	struct made made;
	uint64_t writes;
	int fd = make_tun(DEVICE);

	(void)state;
	make_plan(&made, 3, 1380);
	report = must_apply(&made);
	assert_int_equal(report.counts[PLAN_STEP_ADDRESS_ADD], 2);
	assert_int_equal(report.counts[PLAN_STEP_ROUTE_ADD], 6);
	assert_int_equal(report.counts[PLAN_STEP_MTU], 1);
	assert_int_equal(report.counts[PLAN_STEP_UP], 1);
	assert_false(report.no_ipv6);
	assert_int_equal(apply_interface_read(rtnl, DEVICE, &actual, &fail), 0);
	assert_int_equal(actual.actual.address_count, 2);
	assert_int_equal(actual.actual.route_count, 6);
	assert_int_equal(actual.actual.mtu, 1380);
	apply_actual_done(&actual);

	writes = rtnl_writes(rtnl);
	(void)must_apply(&made);
	assert_int_equal(rtnl_writes(rtnl), writes);

	/* One peer less: two routes go, and nothing else is touched. */
	make_plan(&made, 2, 1380);
	report = must_apply(&made);
	assert_int_equal(report.counts[PLAN_STEP_ROUTE_REMOVE], 2);
	assert_int_equal(rtnl_writes(rtnl), writes + 2);

	assert_int_equal(apply_interface_undo(rtnl, DEVICE, &fail), 0);
	assert_int_equal(apply_interface_read(rtnl, DEVICE, &actual, &fail), 0);
	assert_int_equal(actual.actual.address_count, 0);
	assert_int_equal(actual.actual.route_count, 0);
	apply_actual_done(&actual);
	(void)close(fd);
	assert_int_equal(apply_interface_undo(rtnl, DEVICE, &fail), 0);
	assert_int_equal(apply_interface(rtnl, &made.plan, &report, &fail), -ENODEV);
}

static void foreign_routes_stay(void **state)
{
	struct rtnl_route foreign = {.prefix = prefix_of("100.64.1.11/32")};
	struct rtnl_route_list list;
	struct apply_report report;
	struct ls_fail fail = {0};
	struct made made;
	int fd = make_tun(DEVICE), other = make_tun("other0");

	(void)state;
	foreign.link = must_link("other0").index;
	assert_int_equal(rtnl_link_set_up(rtnl, foreign.link, true, &fail), 0);
	assert_int_equal(rtnl_route_add(rtnl, &foreign, &fail), 0);
	make_plan(&made, 1, 1380);
	report = must_apply(&made);
	assert_int_equal(report.route_conflicts, 1);
	assert_string_equal(report.conflict.text, "cannot add route 100.64.1.11/32: File exists");
	assert_int_equal(report.counts[PLAN_STEP_ROUTE_ADD], 1);
	assert_int_equal(apply_interface_undo(rtnl, DEVICE, &fail), 0);
	assert_int_equal(rtnl_route_list(rtnl, foreign.link, &list, &fail), 0);
	foreign.table = 254;
	assert_true(list_has(&list, &foreign));
	rtnl_route_list_done(&list);
	(void)close(fd);
	(void)close(other);
}

static void without_ipv6(void **state)
{
	struct apply_report report;
	struct made made;
	uint64_t writes;
	int fd = make_tun(DEVICE);
	int sysctl = open("/proc/sys/net/ipv6/conf/" DEVICE "/disable_ipv6", O_WRONLY | O_CLOEXEC);

	(void)state;
	if (sysctl < 0 || write(sysctl, "1", 1) != 1)
		skip_without("a disable_ipv6 that can be written");
	(void)close(sysctl);
	make_plan(&made, 2, 1380);
	report = must_apply(&made);
	assert_true(report.no_ipv6);
	assert_int_equal(report.counts[PLAN_STEP_ADDRESS_ADD], 1);
	assert_int_equal(report.counts[PLAN_STEP_ROUTE_ADD], 2);
	writes = rtnl_writes(rtnl);
	(void)must_apply(&made);
	assert_int_equal(rtnl_writes(rtnl), writes);
	(void)close(fd);
}

static void facts_of_the_host(void **state)
{
	static const char *const endpoints[] = {"192.0.2.7:51820", "198.51.100.1:1", "not one"};
	const struct peer_info peer = {.endpoints = {.items = endpoints, .count = 3}};
	const struct netmap netmap = {.peers = &peer, .peer_count = 1};
	const struct apply_facts_query query = {.interface = DEVICE, .netmap = &netmap};
	struct rtnl_route route = {.prefix = prefix_of("192.0.2.0/24")};
	struct ls_prefix address = prefix_of("192.0.2.1/32");
	struct apply_facts facts;
	struct ls_fail fail = {0};
	int fd = make_tun("under0");
	uint32_t link = must_link("under0").index;

	(void)state;
	assert_int_equal(apply_facts_gather(rtnl, &query, &facts, &fail), 0);
	assert_int_equal(facts.facts.underlay_mtu, 0);
	apply_facts_done(&facts);
	route.link = link;
	assert_int_equal(rtnl_link_set_mtu(rtnl, link, 1400, &fail), 0);
	assert_int_equal(rtnl_link_set_up(rtnl, link, true, &fail), 0);
	assert_int_equal(rtnl_address_add(rtnl, link, &address, &fail), 0);
	assert_int_equal(rtnl_route_add(rtnl, &route, &fail), 0);
	assert_int_equal(apply_facts_gather(rtnl, &query, &facts, &fail), 0);
	assert_int_equal(facts.facts.underlay_mtu, 1400);
	assert_int_not_equal(facts.facts.local_address_count, 0);
	apply_facts_done(&facts);
	(void)close(fd);
}

static int open_rtnl(void **state)
{
	struct ls_fail fail = {0};

	(void)state;
	return rtnl_open(&rtnl, &fail);
}

static int close_rtnl(void **state)
{
	(void)state;
	rtnl_close(rtnl);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(links),
	        cmocka_unit_test(addresses),
	        cmocka_unit_test(routes),
	        cmocka_unit_test(lookups),
	        cmocka_unit_test(interface_becomes_the_plan),
	        cmocka_unit_test(foreign_routes_stay),
	        cmocka_unit_test(without_ipv6),
	        cmocka_unit_test(facts_of_the_host),
	};

	if (access("/dev/net/tun", R_OK | W_OK) < 0 || unshare(CLONE_NEWNET) < 0) {
		(void)printf("1..0 # SKIP needs root, network namespaces and /dev/net/tun\n");
		return 0;
	}
	return cmocka_run_group_tests(tests, open_rtnl, close_rtnl);
}
