/* SPDX-License-Identifier: Apache-2.0 */
/* Applies plans in a network namespace of the test, on a TUN device, and reads the result from the
 * kernel. The data plane is the test's own: it only records its calls. */
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
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "apply/executor.h"
#include "apply/facts.h"
#include "base/cleanup.h"
#include "netlink/rtnl.h"
#include "netlink/socket.h"
#include "plan/plan.h"
#include "profile/known.h"
#include "skip.h"

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

static struct rtnl_link must_link(const char *name)
{
	struct rtnl_link link;
	struct ls_fail fail = {0};

	if (rtnl_link_get(rtnl, name, &link, &fail) < 0)
		fail_msg("%s", fail.text);
	return link;
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

/* --- the executor --- */

/* A data plane whose interface is a plain TUN device. */
struct fake {
	struct dataplane base;
	int fd;
	struct wg_config device;
	unsigned configured; /* changes of peers */
	int refuse;          /* what the next change fails with; 0: it works */
};

static struct fake fake;

static int fake_open(const struct dataplane_options *options, struct dataplane **ret,
                     struct ls_fail *fail)
{
	(void)fail;
	fake = (struct fake){.fd = make_tun(options->interface)};
	*ret = &fake.base;
	return 0;
}

static void fake_close(struct dataplane *dp)
{
	(void)dp;
	(void)close(fake.fd);
	wg_config_done(&fake.device);
	fake = (struct fake){.fd = -1};
}

static void fake_peer(const struct wg_peer_config *change)
{
	struct wg_config *device = &fake.device;
	struct wg_peer_config *peer = NULL;

	for (size_t i = 0; i < device->peer_count; i++) {
		if (key_equal(device->peers[i].public_key.b, change->public_key.b))
			peer = &device->peers[i];
	}
	if (change->flags & WG_PEER_REMOVE) {
		assert_non_null(peer);
		free(peer->allowed_ips);
		*peer = device->peers[--device->peer_count];
		return;
	}
	assert_int_equal(peer != NULL, (change->flags & WG_PEER_UPDATE_ONLY) != 0);
	if (!peer)
		peer = wg_config_add_peer(device, &change->public_key);
	assert_non_null(peer);
	if (change->flags & WG_PEER_KEEPALIVE)
		peer->keepalive_s = change->keepalive_s;
	for (size_t i = 0; i < change->allowed_ip_count; i++) {
		size_t at = 0;

		if (!change->allowed_ips[i].remove) {
			assert_int_equal(wg_config_add_allowed_ip(
			                         peer, &change->allowed_ips[i].prefix, false),
			                 0);
			continue;
		}
		while (!ls_prefix_equal(&peer->allowed_ips[at].prefix,
		                        &change->allowed_ips[i].prefix))
			at++;
		peer->allowed_ips[at] = peer->allowed_ips[--peer->allowed_ip_count];
	}
}

static int fake_configure(struct dataplane *dp, const struct wg_config *change,
                          struct ls_fail *fail)
{
	(void)dp;
	if (fake.refuse)
		return ls_fail_set(fail, fake.refuse, "refused");
	if (change->flags & WG_CONFIG_LISTEN_PORT)
		fake.device.listen_port = change->listen_port ? change->listen_port : 4711;
	fake.configured += change->peer_count > 0;
	for (size_t i = 0; i < change->peer_count; i++)
		fake_peer(&change->peers[i]);
	return 0;
}

static int fake_read(struct dataplane *dp, struct wg_config *ret, struct ls_fail *fail)
{
	(void)dp;
	(void)fail;
	*ret = (struct wg_config){.listen_port = fake.device.listen_port};
	for (size_t i = 0; i < fake.device.peer_count; i++) {
		const struct wg_peer_config *from = &fake.device.peers[i];
		struct wg_peer_config *peer = wg_config_add_peer(ret, &from->public_key);

		assert_non_null(peer);
		peer->keepalive_s = from->keepalive_s;
		for (size_t j = 0; j < from->allowed_ip_count; j++)
			assert_int_equal(
			        wg_config_add_allowed_ip(peer, &from->allowed_ips[j].prefix, false),
			        0);
	}
	return 0;
}

static const struct dataplane_ops fake_ops = {
        .name = "fake",
        .open = fake_open,
        .close = fake_close,
        .configure = fake_configure,
        .read = fake_read,
};

/* A plan by hand: this node 100.64.1.10 and n peers from .11 on. */
struct made {
	struct plan plan;
	struct ls_prefix addresses[2];
	struct ls_prefix allowed[8][2];
	struct plan_peer peers[8];
	const struct plan_peer *by_key[8];
	struct plan_route routes[16];
};

static void make_plan(struct made *made, size_t peers, uint32_t mtu)
{
	*made = (struct made){.plan = {.interface = DEVICE, .mtu = mtu}};
	made->addresses[0] = prefix_of("100.64.1.10/32");
	made->addresses[1] = prefix_of("fd00:1:2::a/128");
	made->plan.addresses = made->addresses;
	made->plan.address_count = 2;
	made->plan.peers = made->peers;
	made->plan.peers_by_key = made->by_key;
	made->plan.peer_count = peers;
	made->plan.routes = made->routes;
	made->plan.route_count = 2 * peers;
	for (size_t i = 0; i < peers; i++) {
		struct plan_route *at = &made->routes[2 * i];

		at[0] = (struct plan_route){.prefix = prefix_of("100.64.1.11/32"), .table = 254};
		at[0].prefix.ip.b[3] = (uint8_t)(11 + i);
		at[1] = (struct plan_route){
		        .prefix = prefix_of("fd00:1:2::b/128"), .table = 254, .metric = 1024};
		at[1].prefix.ip.b[15] = (uint8_t)(11 + i);
		made->allowed[i][0] = at[0].prefix;
		made->allowed[i][1] = at[1].prefix;
		made->peers[i] = (struct plan_peer){.name = "p",
		                                    .allowed_ips = made->allowed[i],
		                                    .allowed_ip_count = 2,
		                                    .keepalive_s = 25};
		made->peers[i].public_key.b[0] = (uint8_t)(11 + i);
		made->by_key[i] = &made->peers[i];
	}
}

static struct apply_executor *must_create_with(const char *hosts_path)
{
	const struct apply_options options = {.rtnl = rtnl,
	                                      .ops = &fake_ops,
	                                      .interface = DEVICE,
	                                      .profile = "lab",
	                                      .hosts_path = hosts_path};
	const struct wg_private_key key = {{1}};
	struct apply_executor *x = apply_executor_new(&options);
	struct ls_fail fail = {0};

	if (apply_executor_create(x, &key, 0, &fail) < 0)
		fail_msg("%s", fail.text);
	assert_int_equal(apply_executor_listen_port(x), 4711);
	return x;
}

static struct apply_executor *must_create(void)
{
	return must_create_with(NULL);
}

static struct apply_report must_run(struct apply_executor *x, const struct made *made)
{
	struct apply_report report;
	struct ls_fail fail = {0};

	if (apply_executor_run(x, &made->plan, &report, &fail) < 0)
		fail_msg("%s", fail.text);
	return report;
}

static size_t count_routes(void)
{
	struct rtnl_route_list list;
	struct ls_fail fail = {0};
	size_t count = 0;

	assert_int_equal(rtnl_route_list(rtnl, must_link(DEVICE).index, &list, &fail), 0);
	for (size_t i = 0; i < list.count; i++)
		count += list.items[i].protocol == RTNL_PROTOCOL;
	rtnl_route_list_done(&list);
	return count;
}

static void the_host_becomes_the_plan(void **state)
{
	struct apply_executor *x = must_create();
	struct apply_report report;
	struct ls_fail fail = {0};
	struct rtnl_link link;
	struct made made;
	uint64_t writes;

	(void)state;
	make_plan(&made, 3, 1380);
	report = must_run(x, &made);
	assert_int_equal(report.counts[PLAN_STEP_CREATE], 0);
	assert_int_equal(report.counts[PLAN_STEP_PEER_ADD], 3);
	assert_int_equal(report.counts[PLAN_STEP_ADDRESS_ADD], 2);
	assert_int_equal(report.counts[PLAN_STEP_ROUTE_ADD], 6);
	assert_int_equal(report.counts[PLAN_STEP_MTU], 1);
	assert_int_equal(report.counts[PLAN_STEP_UP], 1);
	assert_false(report.no_ipv6);
	assert_int_equal(count_routes(), 6);
	assert_int_equal(must_link(DEVICE).mtu, 1380);
	assert_int_equal(apply_executor_mtu(x), 1380);
	assert_int_equal(fake.device.peer_count, 3);

	writes = nl_socket_writes(rtnl);
	(void)must_run(x, &made);
	assert_int_equal(nl_socket_writes(rtnl), writes);
	assert_int_equal(fake.configured, 1);

	/* One peer less: it and two routes go, and nothing else is touched. */
	make_plan(&made, 2, 1380);
	report = must_run(x, &made);
	assert_int_equal(report.counts[PLAN_STEP_PEER_REMOVE], 1);
	assert_int_equal(report.counts[PLAN_STEP_ROUTE_REMOVE], 2);
	assert_int_equal(nl_socket_writes(rtnl), writes + 2);
	assert_int_equal(fake.device.peer_count, 2);

	assert_int_equal(apply_executor_undo(x, &fail), 0);
	assert_int_equal(rtnl_link_get(rtnl, DEVICE, &link, &fail), -ENODEV);
	assert_int_equal(nl_socket_writes(rtnl), writes + 2 + 4 + 2);
	assert_int_equal(apply_executor_undo(x, &fail), 0);
	assert_int_equal(apply_executor_run(x, &made.plan, &report, &fail), -ENODEV);
	apply_executor_free(x);
}

static void peers_change_without_touching_the_rest(void **state)
{
	struct apply_executor *x = must_create();
	struct apply_report report;
	struct ls_fail fail = {0};
	struct made made;
	bool moved = false;

	(void)state;
	make_plan(&made, 3, 1380);
	(void)must_run(x, &made);
	made.plan.peer_count = 2;
	made.allowed[1][0] = prefix_of("100.64.1.200/32");
	/* The data plane takes it whole or not at all. */
	fake.refuse = -ENOMEM;
	assert_int_equal(apply_executor_run(x, &made.plan, &report, &fail), -ENOMEM);
	assert_string_equal(fail.text, "interface " DEVICE ": refused");
	fake.refuse = 0;
	report = must_run(x, &made);
	assert_int_equal(report.counts[PLAN_STEP_PEER_REMOVE], 1);
	assert_int_equal(report.counts[PLAN_STEP_PEER_CHANGE], 1);
	assert_int_equal(report.counts[PLAN_STEP_PEER_ADD], 0);
	assert_int_equal(fake.configured, 2);
	assert_int_equal(fake.device.peer_count, 2);
	for (size_t i = 0; i < 2; i++) {
		const struct wg_peer_config *peer = &fake.device.peers[i];

		assert_int_equal(peer->allowed_ip_count, 2);
		assert_int_equal(peer->keepalive_s, 25);
		for (size_t j = 0; j < 2; j++)
			moved |= ls_prefix_equal(&peer->allowed_ips[j].prefix, &made.allowed[1][0]);
	}
	assert_true(moved);
	apply_executor_free(x);
}

/* The kernel drops the routes of an interface with its last IPv4 address. */
static void a_new_address_keeps_the_routes(void **state)
{
	struct apply_executor *x = must_create();
	struct apply_report report;
	struct made made;

	(void)state;
	make_plan(&made, 3, 1380);
	(void)must_run(x, &made);
	made.addresses[0] = prefix_of("100.64.1.50/32");
	report = must_run(x, &made);
	assert_int_equal(report.counts[PLAN_STEP_ADDRESS_ADD], 1);
	assert_int_equal(report.counts[PLAN_STEP_ADDRESS_REMOVE], 1);
	assert_int_equal(count_routes(), 6);
	apply_executor_free(x);
}

static void foreign_routes_stay(void **state)
{
	const struct apply_options only_looks = {
	        .rtnl = rtnl, .interface = "ls-none", .profile = "lab"};
	struct apply_executor *x = must_create(), *dry = apply_executor_new(&only_looks);
	struct rtnl_route foreign = {.prefix = prefix_of("100.64.1.11/32")};
	struct rtnl_route_list list;
	struct apply_report report;
	struct plan_steps steps;
	struct ls_fail fail = {0};
	struct made made;
	int other = make_tun("other0");

	(void)state;
	foreign.link = must_link("other0").index;
	assert_int_equal(rtnl_link_set_up(rtnl, foreign.link, &fail), 0);
	assert_int_equal(rtnl_route_add(rtnl, &foreign, &fail), 0);
	make_plan(&made, 1, 1380);
	/* A dry run knows beforehand what a real one finds out. */
	assert_int_equal(apply_executor_look(dry, &made.plan, &steps, &fail), 0);
	assert_int_equal(steps.left_out_count, 1);
	assert_int_equal(steps.left_out[0].kind, PLAN_LEFT_OUT_ROUTE);
	assert_int_equal(steps.counts[PLAN_STEP_CREATE], 1);
	assert_int_equal(steps.counts[PLAN_STEP_ROUTE_ADD], 1);
	plan_steps_done(&steps);
	report = must_run(x, &made);
	assert_int_equal(report.route_conflicts, 1);
	assert_string_equal(report.conflict.text, "cannot add route 100.64.1.11/32: File exists");
	assert_int_equal(report.counts[PLAN_STEP_ROUTE_ADD], 1);
	assert_int_equal(apply_executor_undo(x, &fail), 0);
	assert_int_equal(rtnl_route_list(rtnl, foreign.link, &list, &fail), 0);
	foreign.table = 254;
	assert_true(list_has(&list, &foreign));
	rtnl_route_list_done(&list);
	apply_executor_free(dry);
	apply_executor_free(x);
	(void)close(other);
}

/* A hosts file that cannot be changed keeps nothing else from being made, or from being removed. */
static void undo_continues_after_a_failure(void **state)
{
	static const char begin[] = "# lightscale:lab begin\n";
	char path[] = "/tmp/ls-test-hosts.XXXXXX";
	int fd = mkstemp(path);
	struct apply_executor *x = must_create_with(path);
	struct apply_report report;
	struct ls_fail fail = {0};
	struct rtnl_link link;
	struct made made;

	(void)state;
	assert_int_equal(write(fd, begin, strlen(begin)), strlen(begin));
	make_plan(&made, 1, 1380);
	report = must_run(x, &made);
	assert_int_equal(report.hosts.code, LS_ERROR_CONFLICT);
	assert_int_equal(report.counts[PLAN_STEP_ROUTE_ADD], 2);
	assert_int_equal(apply_executor_undo(x, &fail), LS_ERROR_SYNTAX);
	assert_non_null(strstr(fail.text, path));
	assert_int_equal(rtnl_link_get(rtnl, DEVICE, &link, &fail), -ENODEV);
	apply_executor_free(x);
	(void)close(fd);
	(void)unlink(path);
}

static void without_ipv6(void **state)
{
	struct apply_executor *x = must_create();
	struct apply_report report;
	struct made made;
	uint64_t writes;
	int sysctl = open("/proc/sys/net/ipv6/conf/" DEVICE "/disable_ipv6", O_WRONLY | O_CLOEXEC);

	(void)state;
	if (sysctl < 0 || write(sysctl, "1", 1) != 1)
		skip_without("a disable_ipv6 that can be written");
	(void)close(sysctl);
	make_plan(&made, 2, 1380);
	report = must_run(x, &made);
	assert_true(report.no_ipv6);
	assert_int_equal(report.counts[PLAN_STEP_ADDRESS_ADD], 1);
	assert_int_equal(report.counts[PLAN_STEP_ROUTE_ADD], 2);
	writes = nl_socket_writes(rtnl);
	(void)must_run(x, &made);
	assert_int_equal(nl_socket_writes(rtnl), writes);
	apply_executor_free(x);
}

static void facts_of_the_host(void **state)
{
	static const char *const endpoints[] = {"192.0.2.7:51820", "198.51.100.1:1", "not one"};
	const struct peer_info peer = {.endpoints = {.items = endpoints, .count = 3}};
	const struct netmap netmap = {.peers = &peer, .peer_count = 1};
	struct control_url_list urls LS_CLEANUP(control_url_list_done) = {0};
	const struct apply_facts_query query = {
	        .interface = DEVICE, .profile = "lab", .netmap = &netmap, .urls = &urls};
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
	assert_int_equal(rtnl_link_set_up(rtnl, link, &fail), 0);
	assert_int_equal(rtnl_address_add(rtnl, link, &address, &fail), 0);
	assert_int_equal(rtnl_route_add(rtnl, &route, &fail), 0);
	assert_int_equal(apply_facts_gather(rtnl, &query, &facts, &fail), 0);
	assert_int_equal(facts.facts.underlay_mtu, 1400);
	assert_int_not_equal(facts.facts.local_address_count, 0);
	apply_facts_done(&facts);
	(void)close(fd);
}

static bool has_underlay(const struct apply_facts *facts, const char *text,
                         enum plan_underlay_kind kind)
{
	const struct ls_ip ip = prefix_of(text).ip;

	for (size_t i = 0; i < facts->facts.underlay_count; i++) {
		if (ls_ip_equal(&facts->underlay[i].ip, &ip) && facts->underlay[i].kind == kind)
			return true;
	}
	return false;
}

static bool has_prefix(const struct apply_facts *facts, const char *text)
{
	const struct ls_prefix prefix = prefix_of(text);

	for (size_t i = 0; i < facts->facts.local_prefix_count; i++) {
		if (ls_prefix_equal(&facts->prefixes[i], &prefix))
			return true;
	}
	return false;
}

/* What must stay outside of the tunnel: the servers' addresses, and the gateways; and what this
 * host reaches already. */
static void facts_of_the_way_out(void **state)
{
	const struct netmap netmap = {0};
	struct control_url_list urls LS_CLEANUP(control_url_list_done) = {0};
	LS_FREE struct known_hosts *known = calloc(1, sizeof(*known));
	const struct apply_facts_query query = {.interface = DEVICE,
	                                        .profile = "lab",
	                                        .netmap = &netmap,
	                                        .urls = &urls,
	                                        .known = known,
	                                        .hosts_path = "/nonexistent"};
	const struct ls_ip resolved = prefix_of("203.0.113.7").ip,
	                   other = prefix_of("203.0.113.9").ip, seen = prefix_of("203.0.113.8").ip;
	struct ls_prefix address = {.ip = prefix_of("10.77.3.4").ip, .bits = 24};
	struct rtnl_route route = {.prefix = prefix_of("0.0.0.0/0"),
	                           .gateway = prefix_of("10.77.3.1").ip};
	struct apply_facts facts;
	struct ls_fail fail = {0};
	int fd = make_tun("under1");
	uint32_t link = must_link("under1").index;
	char own[256] = "";

	(void)state;
	assert_int_equal(
	        control_url_list_add(&urls, "https://vpn.example.com,http://10.9.8.7:8080", &fail),
	        0);
	profile_known_note(known, "vpn.example.com", &resolved);
	profile_known_note(known, "other.example.com", &other);
	profile_known_see(known, &seen);
	route.link = link;
	assert_int_equal(rtnl_link_set_up(rtnl, link, &fail), 0);
	assert_int_equal(rtnl_address_add(rtnl, link, &address, &fail), 0);
	assert_int_equal(rtnl_route_add(rtnl, &route, &fail), 0);
	assert_int_equal(apply_facts_gather(rtnl, &query, &facts, &fail), 0);
	assert_true(has_underlay(&facts, "203.0.113.7", PLAN_UNDERLAY_CONTROL));
	assert_true(has_underlay(&facts, "203.0.113.8", PLAN_UNDERLAY_CONTROL));
	assert_true(has_underlay(&facts, "10.9.8.7", PLAN_UNDERLAY_CONTROL));
	assert_false(has_underlay(&facts, "203.0.113.9", PLAN_UNDERLAY_CONTROL));
	assert_true(has_underlay(&facts, "10.77.3.1", PLAN_UNDERLAY_GATEWAY));
	assert_true(has_prefix(&facts, "10.77.3.0/24"));
	assert_false(has_prefix(&facts, "0.0.0.0/0"));
	assert_int_equal(facts.facts.control_hosts.count, 2);
	assert_string_equal(facts.facts.control_hosts.items[0], "vpn.example.com");
	/* A hosts file that cannot be read has no names, but the host has its own. */
	assert_int_equal(gethostname(own, sizeof(own) - 1), 0);
	assert_true(facts.facts.local_names.count >= 1);
	assert_int_equal(strcasecmp(facts.facts.local_names.items[0], own), 0);
	apply_facts_done(&facts);
	(void)close(fd);
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
	        cmocka_unit_test(the_host_becomes_the_plan),
	        cmocka_unit_test(peers_change_without_touching_the_rest),
	        cmocka_unit_test(a_new_address_keeps_the_routes),
	        cmocka_unit_test(foreign_routes_stay),
	        cmocka_unit_test(undo_continues_after_a_failure),
	        cmocka_unit_test(without_ipv6),
	        cmocka_unit_test(facts_of_the_host),
	        cmocka_unit_test(facts_of_the_way_out),
	};

	if (access("/dev/net/tun", R_OK | W_OK) < 0 || unshare(CLONE_NEWNET) < 0) {
		(void)printf("1..0 # SKIP needs root, network namespaces and /dev/net/tun\n");
		return 0;
	}
	return cmocka_run_group_tests(tests, open_rtnl, close_rtnl);
}
