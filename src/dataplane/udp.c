/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/udp.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"

enum {
	BIND_ATTEMPTS = 16, /* for a port that is free in both families */
};

static const int on = 1;

/* The kernel's choice of defaults is kept where an option is missing. */
static void set_option(int fd, int level, int name, int value)
{
	(void)setsockopt(fd, level, name, &value, sizeof(value));
}

/* Forced where we may: net.core.*mem_max is 208 KB by default, less than one burst. */
static void set_buffers(int fd)
{
	int size = UDP_SOCKET_BUFFER;

	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) < 0)
		set_option(fd, SOL_SOCKET, SO_RCVBUF, size);
	if (setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size)) < 0)
		set_option(fd, SOL_SOCKET, SO_SNDBUF, size);
}

static bool can_segment(int fd)
{
	int size = 0;
	socklen_t len = sizeof(size);

	return getsockopt(fd, IPPROTO_UDP, UDP_SEGMENT, &size, &len) == 0;
}

/* A bound socket of that family, or -errno. */
static int open_socket(int family, uint16_t port)
{
	struct sockaddr_storage address = {.ss_family = (sa_family_t)family};
	socklen_t len = sizeof(struct sockaddr_in);
	int fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int error;

	if (fd < 0)
		return -errno;
	if (family == AF_INET6) {
		len = sizeof(struct sockaddr_in6);
		((struct sockaddr_in6 *)&address)->sin6_port = htons(port);
		if (setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on)) < 0)
			goto failed;
		set_option(fd, IPPROTO_IPV6, IPV6_RECVTCLASS, 1);
	} else {
		((struct sockaddr_in *)&address)->sin_port = htons(port);
		/* Datagrams may be fragmented on their way, as the kernel's WireGuard lets them:
		 * a narrow path then costs speed, not the connection. */
		set_option(fd, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DONT);
		set_option(fd, IPPROTO_IP, IP_RECVTOS, 1);
	}
	if (bind(fd, (struct sockaddr *)&address, len) < 0)
		goto failed;
	set_buffers(fd);
	return fd;
failed:
	error = -errno;
	(void)close(fd);
	return error;
}

static struct udp_socket new_socket(int fd, const struct dataplane_offloads *offloads)
{
	struct udp_socket s = {.fd = fd, .log_limit = LS_RATELIMIT_INIT(5, 10 * LS_NS_PER_S)};

	if (fd < 0)
		return s;
	s.gso = !offloads->gso_off && can_segment(fd);
	s.gro = !offloads->gro_off && setsockopt(fd, IPPROTO_UDP, UDP_GRO, &on, sizeof(on)) == 0;
	return s;
}

static int bound_port(int fd, uint16_t *ret)
{
	struct sockaddr_storage address;
	struct ls_endpoint endpoint;
	socklen_t len = sizeof(address);
	int r;

	if (getsockname(fd, (struct sockaddr *)&address, &len) < 0)
		return -errno;
	r = ls_endpoint_from_sockaddr((struct sockaddr *)&address, &endpoint);
	if (r == 0)
		*ret = endpoint.port;
	return r;
}

/* Both sockets on one port; the host may have only one of the families. */
static int open_pair(uint16_t port, const struct dataplane_offloads *offloads, struct udp *ret)
{
	int v4 = open_socket(AF_INET, port);
	int v6, r;

	if (v4 < 0 && v4 != -EAFNOSUPPORT)
		return v4;
	if (v4 >= 0) {
		r = bound_port(v4, &port);
		if (r < 0) {
			(void)close(v4);
			return r;
		}
	}
	v6 = open_socket(AF_INET6, port);
	if (v6 < 0 && (v4 < 0 || (v6 != -EAFNOSUPPORT && v6 != -EADDRNOTAVAIL))) {
		if (v4 >= 0)
			(void)close(v4);
		return v6;
	}
	if (v4 < 0 && bound_port(v6, &port) < 0)
		port = 0;
	ret->v4 = new_socket(v4 < 0 ? -1 : v4, offloads);
	ret->v6 = new_socket(v6 < 0 ? -1 : v6, offloads);
	ret->port = port;
	return 0;
}

int udp_open(uint16_t port, uint32_t fwmark, const struct dataplane_offloads *offloads,
             struct udp *ret, struct ls_fail *fail)
{
	struct udp udp = {.v4.fd = -1, .v6.fd = -1};
	int attempts = port == 0 ? BIND_ATTEMPTS : 1;
	int r = -EADDRINUSE;

	for (int i = 0; i < attempts && r == -EADDRINUSE; i++)
		r = open_pair(port, offloads, &udp);
	if (r == -EADDRINUSE && port != 0)
		return ls_fail_set(fail, r,
		                   "UDP port %u is in use by another program; choose "
		                   "another or 0 for any",
		                   port);
	if (r < 0)
		return ls_fail_set(fail, r, "cannot open UDP port %u: %s", port, ls_strerror(r));
	r = fwmark != 0 ? udp_set_mark(&udp, fwmark, fail) : 0;
	if (r < 0) {
		udp_close(&udp);
		return r;
	}
	*ret = udp;
	return 0;
}

void udp_close(struct udp *udp)
{
	struct udp_socket *sockets[] = {&udp->v4, &udp->v6};

	for (size_t i = 0; i < 2; i++) {
		if (sockets[i]->fd >= 0)
			(void)close(sockets[i]->fd);
		sockets[i]->fd = -1;
	}
}

int udp_set_mark(const struct udp *udp, uint32_t fwmark, struct ls_fail *fail)
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
