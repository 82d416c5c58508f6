/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/udp.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "net/udp_port.h"

static const int on = 1;

/* An option that the kernel does not have is not an error: its default stays. */
static void set_option(int fd, int level, int name, int value)
{
	(void)setsockopt(fd, level, name, &value, sizeof(value));
}

/* Uses the FORCE options where we may: net.core.*mem_max is 208 KB by default, less than one
 * burst. */
static void set_buffers(int fd)
{
	int size = UDP_SOCKET_BUFFER;

	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) < 0)
		set_option(fd, SOL_SOCKET, SO_RCVBUF, size);
	if (setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size)) < 0)
		set_option(fd, SOL_SOCKET, SO_SNDBUF, size);
}

/* Takes ownership of `fd`, which may be -1. */
static struct udp_socket new_socket(int fd, enum ls_family family,
                                    const struct dataplane_offloads *offloads)
{
	struct udp_socket s = {.fd = fd,
	                       .log_limit = LS_RATELIMIT_INIT(5, 10 * LS_NS_PER_S),
	                       .blocked_limit = LS_RATELIMIT_INIT(1, 300 * LS_NS_PER_S)};
	int size = 0;
	socklen_t len = sizeof(size);

	if (fd < 0)
		return s;
	if (family == LS_FAMILY_V4) {
		/* Let routers fragment the datagrams, as the kernel's WireGuard does: on a path
		 * with a small MTU the connection is then slow, but it works. */
		set_option(fd, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DONT);
		set_option(fd, IPPROTO_IP, IP_RECVTOS, 1);
		set_option(fd, IPPROTO_IP, IP_PKTINFO, 1);
	} else {
		set_option(fd, IPPROTO_IPV6, IPV6_RECVTCLASS, 1);
		set_option(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1);
	}
	set_buffers(fd);
	s.gso = !offloads->gso_off && getsockopt(fd, IPPROTO_UDP, UDP_SEGMENT, &size, &len) == 0;
	s.gro = !offloads->gro_off && setsockopt(fd, IPPROTO_UDP, UDP_GRO, &on, sizeof(on)) == 0;
	return s;
}

int dp_udp_open(uint16_t port, uint32_t fwmark, const struct dataplane_offloads *offloads,
                struct udp *ret, struct ls_fail *fail)
{
	struct udp udp = {.v4.fd = -1, .v6.fd = -1};
	int fds[2];
	int r = net_udp_port_open(port, fds, &udp.port);

	if (r == 0 && udp.port == 0)
		r = -EAFNOSUPPORT;
	if (r == -EADDRINUSE && port != 0)
		return ls_fail_set(fail, r,
		                   "UDP port %u is in use by another program; choose "
		                   "another or 0 for any",
		                   port);
	if (r < 0)
		return ls_fail_set(fail, r, "cannot open UDP port %u: %s", port, ls_strerror(r));
	udp.v4 = new_socket(fds[0], LS_FAMILY_V4, offloads);
	udp.v6 = new_socket(fds[1], LS_FAMILY_V6, offloads);
	r = fwmark != 0 ? dp_udp_set_mark(&udp, fwmark, fail) : 0;
	if (r < 0) {
		dp_udp_close(&udp);
		return r;
	}
	*ret = udp;
	return 0;
}

void dp_udp_close(struct udp *udp)
{
	struct udp_socket *sockets[] = {&udp->v4, &udp->v6};

	for (size_t i = 0; i < 2; i++) {
		if (sockets[i]->fd >= 0)
			(void)close(sockets[i]->fd);
		sockets[i]->fd = -1;
	}
}

int dp_udp_set_mark(const struct udp *udp, uint32_t fwmark, struct ls_fail *fail)
{
	const int fds[] = {udp->v4.fd, udp->v6.fd};

	for (size_t i = 0; i < 2; i++) {
		if (fds[i] >= 0 &&
		    setsockopt(fds[i], SOL_SOCKET, SO_MARK, &fwmark, sizeof(fwmark)) < 0)
			return ls_fail_set(fail, -errno, "cannot set firewall mark 0x%x: %s",
			                   fwmark, ls_strerror(-errno));
	}
	return 0;
}
