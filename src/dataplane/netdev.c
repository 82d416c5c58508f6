/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/netdev.h"

#include <assert.h>
#include <errno.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <linux/icmp.h>
#include <linux/if_link.h>
#include <linux/if_tun.h>
#include <linux/rtnetlink.h>

#include "base/cleanup.h"
#include "dataplane/packet.h"
#include "netlink/rtnl.h"
#include "netlink/socket.h"
#include "netlink/watch.h"

#ifndef TUNGETDEVNETNS /* since Linux 5.2 */
#define TUNGETDEVNETNS _IO('T', 227)
#endif

enum {
	WATCHED = 1 << (RTNLGRP_LINK - 1) | 1 << (RTNLGRP_IPV4_ROUTE - 1) |
	          1 << (RTNLGRP_IPV6_ROUTE - 1),
};

/* --- the watch --- */

/* True when the message is about a route over this interface that has an MTU of its own. */
static bool concerns_mtu(const struct netdev *dev, const struct nlmsghdr *nlh)
{
	const struct nlattr *table[RTA_TABLE + 1], *metrics[RTAX_MTU + 1];

	if ((nlh->nlmsg_type != RTM_NEWROUTE && nlh->nlmsg_type != RTM_DELROUTE) ||
	    mnl_nlmsg_get_payload_len(nlh) < sizeof(struct rtmsg))
		return false;
	nl_attributes(nlh, sizeof(struct rtmsg), table, RTA_TABLE + 1);
	nl_nested(table[RTA_METRICS], metrics, RTAX_MTU + 1);
	return nl_get_u32(table[RTA_OIF]) == dev->index && nl_get_u32(metrics[RTAX_MTU]) != 0;
}

struct seen {
	struct netdev *dev;
	bool changed;
};

static void note_message(const struct nlmsghdr *nlh, void *arg)
{
	struct seen *seen = arg;

	seen->changed |= nlh->nlmsg_type == RTM_NEWLINK || nlh->nlmsg_type == RTM_DELLINK;
	seen->dev->routes_changed |= concerns_mtu(seen->dev, nlh);
}

bool dp_netdev_drain(struct netdev *dev)
{
	struct seen seen = {.dev = dev};

	if (nl_watch_read(dev->watch_fd, note_message, &seen))
		seen.changed = dev->routes_changed = true;
	return seen.changed || dev->routes_changed;
}

/* --- the namespace --- */

static bool same_namespace(const struct netdev_namespace *a, const struct netdev_namespace *b)
{
	return a->device == b->device && a->inode == b->inode;
}

/* A descriptor of the namespace in which the interface is; -1 when the kernel does not tell. */
static int open_namespace(const struct netdev *dev, struct netdev_namespace *ret)
{
	LS_CLOSE int fd = ioctl(dev->tun_fd, TUNGETDEVNETNS);
	struct stat st;

	*ret = (struct netdev_namespace){0};
	if (fd < 0 || fstat(fd, &st) < 0)
		return -1;
	*ret = (struct netdev_namespace){.device = st.st_dev, .inode = st.st_ino};
	return ls_steal_fd(&fd);
}

struct opening {
	int namespace_fd; /* -1: where this thread is */
	int watch_fd;
	int icmp_fds[2];
	struct nl_socket *rtnl;
	int result;
};

/* A raw socket that receives nothing. -1 without CAP_NET_RAW, or without the family. */
static int open_icmp(int family, int protocol)
{
	int fd = socket(family, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, protocol);
	struct icmp_filter v4 = {.data = ~0U};
	struct icmp6_filter v6;

	if (fd < 0)
		return -1;
	ICMP6_FILTER_SETBLOCKALL(&v6);
	if (family == AF_INET)
		(void)setsockopt(fd, SOL_RAW, ICMP_FILTER, &v4, sizeof(v4));
	else
		(void)setsockopt(fd, IPPROTO_ICMPV6, ICMP6_FILTER, &v6, sizeof(v6));
	return fd;
}

/* Opens the sockets. A thread of its own, when it has to enter another namespace: it ends there,
 * and no thread that does anything else is ever in the wrong one. */
static void *open_sockets(void *arg)
{
	struct opening *o = arg;

	o->watch_fd = -1;
	if (o->namespace_fd >= 0 && setns(o->namespace_fd, CLONE_NEWNET) < 0) {
		o->result = -errno;
		return NULL;
	}
	o->watch_fd = nl_watch_open(WATCHED);
	o->result = o->watch_fd < 0 ? o->watch_fd : nl_socket_open(NETLINK_ROUTE, &o->rtnl, NULL);
	if (o->result < 0) {
		ls_cleanup_close(&o->watch_fd);
		return NULL;
	}
	o->icmp_fds[0] = open_icmp(AF_INET, IPPROTO_ICMP);
	o->icmp_fds[1] = open_icmp(AF_INET6, IPPROTO_ICMPV6);
	return NULL;
}

static void take_sockets(struct netdev *dev, const struct opening *o,
                         const struct netdev_namespace *where)
{
	dp_netdev_close(dev);
	dev->watch_fd = o->watch_fd;
	memcpy(dev->icmp_fds, o->icmp_fds, sizeof(dev->icmp_fds));
	dev->rtnl = o->rtnl;
	dev->here = *where;
	dev->routes_changed = true;
}

/* Brings the sockets to where the interface is. */
static int follow(struct netdev *dev, bool *ret_moved)
{
	struct netdev_namespace where;
	LS_CLOSE int fd = open_namespace(dev, &where);
	struct opening opening = {.namespace_fd = fd};
	pthread_t thread;
	int r;

	*ret_moved = false;
	dev->lost = false;
	if (fd < 0 || same_namespace(&where, &dev->here))
		return 0;
	r = pthread_create(&thread, NULL, open_sockets, &opening);
	if (r != 0)
		return -r;
	(void)pthread_join(thread, NULL);
	if (opening.result < 0) {
		dev->lost = true;
		return opening.result;
	}
	take_sockets(dev, &opening, &where);
	*ret_moved = true;
	return 0;
}

/* --- the interface --- */

int dp_netdev_open(int tun_fd, struct netdev *ret, struct ls_fail *fail)
{
	struct netdev dev = NETDEV_CLOSED;
	struct opening opening = {.namespace_fd = -1};
	LS_CLOSE int fd = -1;

	dev.tun_fd = tun_fd;
	fd = open_namespace(&dev, &dev.home);
	(void)open_sockets(&opening);
	if (opening.result < 0)
		return ls_fail_set(fail, opening.result, "cannot watch network interfaces: %s",
		                   ls_strerror(opening.result));
	take_sockets(&dev, &opening, &dev.home);
	*ret = dev;
	return 0;
}

void dp_netdev_close(struct netdev *dev)
{
	ls_cleanup_close(&dev->watch_fd);
	ls_cleanup_close(&dev->icmp_fds[0]);
	ls_cleanup_close(&dev->icmp_fds[1]);
	nl_socket_close(dev->rtnl);
	dev->watch_fd = dev->icmp_fds[0] = dev->icmp_fds[1] = -1;
	dev->rtnl = NULL;
}

static void read_route_mtu(struct netdev *dev)
{
	struct rtnl_route_list routes = {0};

	if (rtnl_route_list(dev->rtnl, dev->index, &routes, NULL) < 0)
		return;
	dev->routes_changed = false;
	dev->route_mtu = 0;
	for (size_t i = 0; i < routes.count; i++) {
		uint32_t mtu = routes.items[i].mtu;

		if (mtu != 0 && (dev->route_mtu == 0 || mtu < dev->route_mtu))
			dev->route_mtu = mtu;
	}
	rtnl_route_list_done(&routes);
}

int dp_netdev_read(struct netdev *dev, struct netdev_state *ret, bool *ret_moved)
{
	struct ifreq req = {0};
	struct rtnl_link link;
	int r;

	*ret_moved = false;
	if (ioctl(dev->tun_fd, TUNGETIFF, &req) < 0)
		return -ENODEV;
	r = follow(dev, ret_moved);
	if (r < 0)
		return r;
	r = rtnl_link_get(dev->rtnl, req.ifr_name, &link, NULL);
	/* A kernel that does not tell the namespace: it is not here, or another one has its name.
	 */
	if (r == -ENODEV ||
	    (r == 0 && dev->here.inode == 0 && dev->index != 0 && link.index != dev->index)) {
		dev->lost = true;
		return -EXDEV;
	}
	if (r < 0)
		return r;
	dev->routes_changed |= link.index != dev->index;
	dev->index = link.index;
	if (dev->routes_changed)
		read_route_mtu(dev);
	*ret = (struct netdev_state){
	        .up = link.flags & IFF_UP, .mtu = link.mtu, .packet_mtu = link.mtu};
	if (dev->route_mtu != 0 && dev->route_mtu < link.mtu)
		ret->packet_mtu = dev->route_mtu;
	return 0;
}

uint32_t dp_netdev_home_index(const struct netdev *dev)
{
	return !dev->lost && same_namespace(&dev->here, &dev->home) ? dev->index : 0;
}

int dp_netdev_send_icmp(const struct netdev *dev, const uint8_t *packet, size_t len)
{
	bool v4 = packet[0] >> 4 == 4;
	size_t header = v4 ? (size_t)IPV4_HEADER : (size_t)IPV6_HEADER;
	const uint8_t *dst = packet + (v4 ? (int)IPV4_DESTINATION : (int)IPV6_DESTINATION);
	struct ls_endpoint to = {.ip = ls_ip_from_bytes(v4 ? LS_FAMILY_V4 : LS_FAMILY_V6, dst)};
	int fd = dev->icmp_fds[v4 ? 0 : 1];
	struct sockaddr_storage address;
	socklen_t address_len;

	assert(len > header);
	if (fd < 0 || dev->lost)
		return -EPERM;
	if (ls_ip_is_link_local(&to.ip))
		to.scope_id = dev->index;
	address_len = ls_endpoint_to_sockaddr(&to, &address);
	if (sendto(fd, packet + header, len - header, 0, (const struct sockaddr *)&address,
	           address_len) < 0)
		return errno == EPERM ? -EACCES : -errno; /* a firewall's EPERM is another matter */
	return 0;
}

int dp_netdev_address(struct netdev *dev, enum ls_family family, struct ls_ip *ret)
{
	struct rtnl_address_list list = {0};
	int r = dev->lost ? -EADDRNOTAVAIL : rtnl_address_list(dev->rtnl, dev->index, &list, NULL);

	if (r < 0)
		return r;
	r = -EADDRNOTAVAIL;
	for (size_t i = 0; i < list.count && r < 0; i++) {
		if (list.items[i].ip.family == family && !ls_ip_is_link_local(&list.items[i].ip)) {
			*ret = list.items[i].ip;
			r = 0;
		}
	}
	rtnl_address_list_done(&list);
	return r;
}

static struct ifinfomsg *begin_change(struct netdev *dev)
{
	struct ifinfomsg *info;

	nl_begin(dev->rtnl, RTM_SETLINK, 0);
	info = nl_put_header(dev->rtnl, sizeof(*info));
	info->ifi_family = AF_UNSPEC;
	info->ifi_index = (int)dev->index;
	return info;
}

int dp_netdev_tune(struct netdev *dev, uint32_t segments)
{
	/* IFLA_AF_SPEC { AF_INET6 { IFLA_INET6_ADDR_GEN_MODE } } */
	struct {
		struct rtattr family;
		struct rtattr mode;
		uint8_t value[4];
	} spec = {
	        .family = {.rta_type = AF_INET6, .rta_len = sizeof(spec)},
	        .mode = {.rta_type = IFLA_INET6_ADDR_GEN_MODE, .rta_len = RTA_LENGTH(1)},
	        .value = {IN6_ADDR_GEN_MODE_NONE},
	};
	int quiet, limited;

	if (dev->lost)
		return -EXDEV;
	(void)begin_change(dev);
	nl_put(dev->rtnl, IFLA_AF_SPEC, &spec, sizeof(spec));
	quiet = nl_run(dev->rtnl, true, NULL, NULL);
	(void)begin_change(dev);
	nl_put_u32(dev->rtnl, IFLA_GSO_MAX_SEGS, segments);
	limited = nl_run(dev->rtnl, true, NULL, NULL);
	return limited < 0 ? limited : quiet;
}

int dp_netdev_set_mtu(const char *name, uint32_t mtu)
{
	LS_CLOSE int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq req = {.ifr_mtu = (int)mtu};
	size_t len = strlen(name);

	if (fd < 0)
		return -errno;
	assert(len < sizeof(req.ifr_name));
	memcpy(req.ifr_name, name, len + 1);
	return ioctl(fd, SIOCSIFMTU, &req) < 0 ? -errno : 0;
}
