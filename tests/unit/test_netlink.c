/* SPDX-License-Identifier: Apache-2.0 */
/* The kernel's answers over netlink, in a network namespace of the test. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/genetlink.h>
#include <linux/if_tun.h>
#include <linux/rtnetlink.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "netlink/rtnl.h"
#include "netlink/socket.h"

#define DEVICE "ls-test"

static struct nl_socket *rtnl;

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
	assert_int_equal(rtnl_link_set_up(rtnl, link.index, &fail), 0);
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
	assert_int_equal(rtnl_link_set_up(rtnl, link, &fail), 0);
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
	assert_int_equal(rtnl_link_set_up(rtnl, link, &fail), 0);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct rtnl_route route = {.prefix = prefix_of(cases[i].prefix),
		                           .table = cases[i].table,
		                           .metric = cases[i].metric,
		                           .link = link};

		assert_int_equal(rtnl_route_add(rtnl, &route, &fail), 0);
		assert_int_equal(rtnl_route_add(rtnl, &route, &fail), -EEXIST);
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
	assert_int_equal(rtnl_link_set_up(rtnl, link, &fail), 0);
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

/* A question about a whole packet: source address, device and ports. */
static void finds(void **state)
{
	struct rtnl_query query = {.to = ip_of("100.64.1.11"), .udp_from = 51820, .udp_to = 51821};
	const struct ls_prefix own = {.ip = ip_of("100.64.1.1"), .bits = 24};
	struct rtnl_route found;
	struct ls_fail fail = {0};
	int fd = make_tun(DEVICE);
	uint32_t link = must_link(DEVICE).index;

	(void)state;
	assert_int_equal(rtnl_link_set_up(rtnl, link, &fail), 0);
	assert_int_equal(rtnl_address_add(rtnl, link, &own, &fail), 0);
	query.from = own.ip;
	assert_int_equal(rtnl_route_find(rtnl, &query, &found, &fail), 0);
	assert_int_equal(found.link, link);
	assert_int_equal(found.type, RTN_UNICAST);
	query.link = link;
	assert_int_equal(rtnl_route_find(rtnl, &query, &found, &fail), 0);
	query.from = ip_of("100.64.1.2"); /* not ours */
	assert_true(rtnl_route_find(rtnl, &query, &found, &fail) < 0);
	query = (struct rtnl_query){.to = own.ip};
	assert_int_equal(rtnl_route_find(rtnl, &query, &found, &fail), 0);
	assert_int_equal(found.type, RTN_LOCAL);
	(void)close(fd);
}

/* --- the socket --- */

/* A route with many next hops, in one attribute of more than a page. */
static void put_next_hops(uint32_t link, size_t count)
{
	struct rtnexthop hops[250] = {0};

	assert_true(count <= sizeof(hops) / sizeof(hops[0]));
	for (size_t i = 0; i < count; i++)
		hops[i] = (struct rtnexthop){.rtnh_len = sizeof(hops[0]),
		                             .rtnh_hops = (unsigned char)i,
		                             .rtnh_ifindex = (int)link};
	nl_put(rtnl, RTA_MULTIPATH, hops, count * sizeof(hops[0]));
}

static int count_next_hops(const struct nlmsghdr *nlh, void *data)
{
	const struct nlattr *table[RTA_TABLE + 1];

	nl_attributes(nlh, sizeof(struct rtmsg), table, RTA_TABLE + 1);
	if (table[RTA_MULTIPATH])
		*(size_t *)data =
		        mnl_attr_get_payload_len(table[RTA_MULTIPATH]) / sizeof(struct rtnexthop);
	return 0;
}

static void requests_grow(void **state)
{
	struct ls_prefix prefix = prefix_of("100.64.3.0/24");
	struct ls_fail fail = {0};
	int fd = make_tun(DEVICE);
	uint32_t link = must_link(DEVICE).index;
	uint64_t writes = nl_socket_writes(rtnl);
	struct rtmsg *info;
	size_t count = 0;

	(void)state;
	assert_int_equal(rtnl_link_set_up(rtnl, link, &fail), 0);
	nl_begin(rtnl, RTM_NEWROUTE, NLM_F_CREATE);
	info = nl_put_header(rtnl, sizeof(*info));
	info->rtm_family = AF_INET;
	info->rtm_dst_len = prefix.bits;
	info->rtm_protocol = RTNL_PROTOCOL;
	info->rtm_type = RTN_UNICAST;
	info->rtm_table = RT_TABLE_MAIN;
	info->rtm_scope = RT_SCOPE_LINK;
	nl_put_ip(rtnl, RTA_DST, &prefix.ip);
	put_next_hops(link, 250);
	nl_put_u32(rtnl, RTA_PRIORITY, 7); /* what comes behind is whole, too */
	assert_int_equal(nl_run(rtnl, true, NULL, NULL), 0);
	assert_int_equal(nl_socket_writes(rtnl), writes + 2);

	nl_begin(rtnl, RTM_GETROUTE, NLM_F_DUMP);
	info = nl_put_header(rtnl, sizeof(*info));
	info->rtm_family = AF_INET;
	assert_int_equal(nl_run(rtnl, false, count_next_hops, &count), 0);
	assert_int_equal(count, 250);
	(void)close(fd);
}

static void too_large_a_value_is_not_sent(void **state)
{
	static const char data[UINT16_MAX];
	uint64_t writes = nl_socket_writes(rtnl);

	(void)state;
	nl_begin(rtnl, RTM_NEWLINK, 0);
	(void)nl_put_header(rtnl, sizeof(struct ifinfomsg));
	nl_put(rtnl, IFLA_IFALIAS, data, sizeof(data));
	nl_put_u32(rtnl, IFLA_MTU, 1400);
	assert_int_equal(nl_run(rtnl, true, NULL, NULL), -EMSGSIZE);
	assert_int_equal(nl_socket_writes(rtnl), writes);
	/* The next request is not the worse for it. */
	(void)must_link("lo");
}

static int read_family(const struct nlmsghdr *nlh, void *data)
{
	const struct nlattr *table[CTRL_ATTR_FAMILY_NAME + 1];

	nl_attributes(nlh, sizeof(struct genlmsghdr), table, CTRL_ATTR_FAMILY_NAME + 1);
	(void)snprintf(data, GENL_NAMSIZ, "%s",
	               (const char *)mnl_attr_get_payload(table[CTRL_ATTR_FAMILY_NAME]));
	return 0;
}

/* Generic netlink, which tells of its own controller. */
static void any_family(void **state)
{
	struct nl_socket *generic;
	struct ls_fail fail = {0};
	char name[GENL_NAMSIZ] = "";
	struct genlmsghdr *info;

	(void)state;
	assert_int_equal(nl_socket_open(NETLINK_GENERIC, &generic, &fail), 0);
	nl_begin(generic, GENL_ID_CTRL, 0);
	info = nl_put_header(generic, sizeof(*info));
	*info = (struct genlmsghdr){.cmd = CTRL_CMD_GETFAMILY, .version = 1};
	nl_put_strz(generic, CTRL_ATTR_FAMILY_NAME, "nlctrl");
	assert_int_equal(nl_run(generic, false, read_family, name), 0);
	assert_string_equal(name, "nlctrl");
	nl_begin(generic, GENL_ID_CTRL, 0);
	info = nl_put_header(generic, sizeof(*info));
	*info = (struct genlmsghdr){.cmd = CTRL_CMD_GETFAMILY, .version = 1};
	nl_put_strz(generic, CTRL_ATTR_FAMILY_NAME, "no such family");
	assert_int_equal(nl_run(generic, false, read_family, name), -ENOENT);
	nl_socket_close(generic);
	assert_int_equal(nl_socket_open(63, &generic, &fail), -EPROTONOSUPPORT);
	nl_socket_close(NULL);
}

static int open_rtnl(void **state)
{
	struct ls_fail fail = {0};

	(void)state;
	return nl_socket_open(NETLINK_ROUTE, &rtnl, &fail);
}

static int close_rtnl(void **state)
{
	(void)state;
	nl_socket_close(rtnl);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(links),
	        cmocka_unit_test(addresses),
	        cmocka_unit_test(routes),
	        cmocka_unit_test(lookups),
	        cmocka_unit_test(finds),
	        cmocka_unit_test(requests_grow),
	        cmocka_unit_test(too_large_a_value_is_not_sent),
	        cmocka_unit_test(any_family),
	};

	if (access("/dev/net/tun", R_OK | W_OK) < 0 || unshare(CLONE_NEWNET) < 0) {
		(void)printf("1..0 # SKIP needs root, network namespaces and /dev/net/tun\n");
		return 0;
	}
	return cmocka_run_group_tests(tests, open_rtnl, close_rtnl);
}
