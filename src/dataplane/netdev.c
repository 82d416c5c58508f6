/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/netdev.h"

#include <assert.h>
#include <errno.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <linux/if_link.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>

#include "base/cleanup.h"

/* A netlink request in one buffer: header, body, attributes. */
struct link_request {
	struct nlmsghdr header;
	struct ifinfomsg info;
	uint8_t attributes[64];
};

int dp_netdev_watch_open(void)
{
	struct sockaddr_nl address = {.nl_family = AF_NETLINK, .nl_groups = RTMGRP_LINK};
	LS_CLOSE int fd =
	        socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);
	int opened;

	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		return -errno;
	opened = fd;
	fd = -1;
	return opened;
}

void dp_netdev_watch_drain(int fd)
{
	char buf[4096];

	/* ENOBUFS means that messages were lost. That does not matter: the caller asks for the
	 * state anyway. */
	while (recv(fd, buf, sizeof(buf), MSG_DONTWAIT | MSG_TRUNC) >= 0 || errno == ENOBUFS ||
	       errno == EINTR)
		;
}

static int link_ioctl(unsigned long request, const char *name, struct ifreq *req)
{
	LS_CLOSE int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	size_t len = strlen(name);

	if (fd < 0)
		return -errno;
	if (len >= sizeof(req->ifr_name))
		return -ENODEV;
	memcpy(req->ifr_name, name, len + 1);
	return ioctl(fd, request, req) < 0 ? -errno : 0;
}

int dp_netdev_get(const char *name, bool *ret_up, uint32_t *ret_mtu)
{
	struct ifreq flags = {0};
	struct ifreq mtu = {0};
	int r = link_ioctl(SIOCGIFFLAGS, name, &flags);

	if (r == 0)
		r = link_ioctl(SIOCGIFMTU, name, &mtu);
	if (r < 0)
		return r;
	*ret_up = (flags.ifr_flags & IFF_UP) != 0;
	*ret_mtu = (uint32_t)mtu.ifr_mtu;
	return 0;
}

int dp_netdev_index(const char *name, uint32_t *ret_index)
{
	struct ifreq req = {0};
	int r = link_ioctl(SIOCGIFINDEX, name, &req);

	if (r == 0)
		*ret_index = (uint32_t)req.ifr_ifindex;
	return r;
}

int dp_netdev_set_mtu(const char *name, uint32_t mtu)
{
	struct ifreq req = {.ifr_mtu = (int)mtu};

	return link_ioctl(SIOCSIFMTU, name, &req);
}

static void put_attribute(struct link_request *req, uint16_t type, const void *data, size_t len)
{
	struct rtattr attribute = {.rta_type = type, .rta_len = (uint16_t)RTA_LENGTH(len)};
	uint8_t *at = (uint8_t *)req + NLMSG_ALIGN(req->header.nlmsg_len);

	assert(RTA_SPACE(len) <= (size_t)((uint8_t *)(req + 1) - at));
	memcpy(at, &attribute, sizeof(attribute));
	memcpy(at + RTA_LENGTH(0), data, len);
	req->header.nlmsg_len =
	        (uint32_t)(NLMSG_ALIGN(req->header.nlmsg_len) + RTA_ALIGN(attribute.rta_len));
}

/* Sends the request and waits for the kernel's answer, which comes at once. */
static int link_request(struct link_request *req)
{
	LS_CLOSE int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	struct {
		struct nlmsghdr header;
		struct nlmsgerr error;
		uint8_t rest[256];
	} answer;
	ssize_t n;

	if (fd < 0 || send(fd, req, req->header.nlmsg_len, 0) < 0)
		return -errno;
	n = recv(fd, &answer, sizeof(answer), 0);
	if (n < (ssize_t)(sizeof(answer.header) + sizeof(answer.error)) ||
	    answer.header.nlmsg_type != NLMSG_ERROR)
		return -EPROTO;
	return answer.error.error;
}

static struct link_request new_request(uint32_t index)
{
	return (struct link_request){
	        .header = {.nlmsg_len = NLMSG_LENGTH(sizeof(struct ifinfomsg)),
	                   .nlmsg_type = RTM_SETLINK,
	                   .nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK},
	        .info = {.ifi_family = AF_UNSPEC, .ifi_index = (int)index},
	};
}

int dp_netdev_tune(uint32_t index, uint32_t segments)
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
	struct link_request limit = new_request(index);
	struct link_request quiet = new_request(index);
	int r;

	put_attribute(&quiet, IFLA_AF_SPEC, &spec, sizeof(spec));
	(void)link_request(&quiet);
	put_attribute(&limit, IFLA_GSO_MAX_SEGS, &segments, sizeof(segments));
	r = link_request(&limit);
	return r;
}
