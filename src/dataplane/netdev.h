/* SPDX-License-Identifier: Apache-2.0 */
/* The network interface of a TUN device: what the data plane reads and changes besides the TUN
 * itself. Other programs may rename it and move it to another network namespace; the questions
 * follow it there. The worker thread owns it. */
#ifndef LS_DATAPLANE_NETDEV_H
#define LS_DATAPLANE_NETDEV_H

#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "wire/ip.h"

struct nl_socket;

/* A network namespace; both 0: the kernel cannot tell which. */
struct netdev_namespace {
	dev_t device;
	ino_t inode;
};

struct netdev {
	int tun_fd;      /* borrowed */
	int watch_fd;    /* readable when links or routes of the namespace have changed */
	int icmp_fds[2]; /* raw sockets for ICMP and ICMPv6; -1: we may not have them */
	struct nl_socket *rtnl;
	struct netdev_namespace home; /* where it was made, and where the UDP sockets are */
	struct netdev_namespace here; /* of watch_fd and rtnl */
	bool lost;           /* it is in a namespace that we may not enter, and not `here` */
	bool routes_changed; /* route_mtu is to be read again */
	uint32_t index;
	uint32_t route_mtu; /* the smallest MTU that a route over it has; 0: none has one */
};

#define NETDEV_CLOSED ((struct netdev){.watch_fd = -1, .icmp_fds = {-1, -1}})

struct netdev_state {
	bool up;
	uint32_t mtu;
	uint32_t packet_mtu; /* the same, or the smallest MTU of a route over the interface */
};

/* The interface of that TUN, in the namespace of the calling thread. */
int dp_netdev_open(int tun_fd, struct netdev *ret, struct ls_fail *fail) LS_MUST_CHECK;
/* Takes one that was never opened, too: NETDEV_CLOSED. */
void dp_netdev_close(struct netdev *dev);
/* Reads the messages of watch_fd. True when the state may have changed: ask dp_netdev_read. */
bool dp_netdev_drain(struct netdev *dev);
/* The state now. Follows the interface into its namespace first: *ret_moved is true when watch_fd
 * is another descriptor than before (the old one is closed). -ENODEV: the interface was deleted.
 * -EPERM or a similar error: its state is not known, because we may not enter its namespace. */
int dp_netdev_read(struct netdev *dev, struct netdev_state *ret, bool *ret_moved) LS_MUST_CHECK;
/* Sends an ICMP error: a whole IP packet whose source address the kernel replaces by one of this
 * host, by the route to the destination. -EPERM: that needs CAP_NET_RAW. */
int dp_netdev_send_icmp(const struct netdev *dev, const uint8_t *packet, size_t len) LS_MUST_CHECK;
/* An address of the interface; -EADDRNOTAVAIL when it has none of the family. */
int dp_netdev_address(struct netdev *dev, enum ls_family family, struct ls_ip *ret) LS_MUST_CHECK;

/* The interface's index, as the namespace of the UDP sockets knows it; 0 when it is elsewhere. */
uint32_t dp_netdev_home_index(const struct netdev *dev);
/* Optional tuning, whose failure does no harm: at most `segments` packets in a super-packet, so
 * that one read leads to one send; and no link-local IPv6 address, which a tunnel does not need. */
int dp_netdev_tune(struct netdev *dev, uint32_t segments);

/* For a TUN that this thread has just made. */
int dp_netdev_set_mtu(const char *name, uint32_t mtu) LS_MUST_CHECK;

#endif
