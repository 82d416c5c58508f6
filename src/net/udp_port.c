/* SPDX-License-Identifier: Apache-2.0 */
#include "net/udp_port.h"

#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "wire/ip.h"

enum {
	PORT_ATTEMPTS = 16,
};

static int bind_port(int fd, enum ls_family family, uint16_t port)
{
	const struct ls_endpoint any = {.ip.family = family, .port = port};
	struct sockaddr_storage sa;
	socklen_t len = ls_endpoint_to_sockaddr(&any, &sa);

	return bind(fd, (struct sockaddr *)&sa, len) < 0 ? -errno : 0;
}

/* *ret_fd is -1 when the host does not support the family; that is no failure. */
static int open_family(enum ls_family family, uint16_t port, int *ret_fd)
{
	const int on = 1;
	LS_CLOSE int fd = socket(family == LS_FAMILY_V4 ? AF_INET : AF_INET6,
	                         SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int r;

	*ret_fd = -1;
	if (fd < 0)
		return errno == EAFNOSUPPORT ? 0 : -errno;
	if (family == LS_FAMILY_V6 &&
	    setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on)) < 0)
		return -errno;
	r = bind_port(fd, family, port);
	if (r == -EADDRNOTAVAIL)
		return 0; /* the family is disabled on this host */
	if (r == 0)
		*ret_fd = ls_steal_fd(&fd);
	return r;
}

static uint16_t bound_port(int fd)
{
	struct sockaddr_storage sa = {0};
	socklen_t len = sizeof(sa);
	struct ls_endpoint local;

	if (fd < 0 || getsockname(fd, (struct sockaddr *)&sa, &len) < 0 ||
	    ls_endpoint_from_sockaddr((struct sockaddr *)&sa, &local) < 0)
		return 0;
	return local.port;
}

static int open_both(uint16_t port, int ret_fds[static 2], uint16_t *ret_port)
{
	LS_CLOSE int v4 = -1;
	int v6 = -1;
	int r = open_family(LS_FAMILY_V4, port, &v4);

	if (r == 0 && port == 0)
		port = bound_port(v4);
	if (r == 0)
		r = open_family(LS_FAMILY_V6, port, &v6);
	if (r < 0)
		return r;
	*ret_port = bound_port(v4 >= 0 ? v4 : v6);
	ret_fds[0] = ls_steal_fd(&v4);
	ret_fds[1] = v6;
	return 0;
}

int net_udp_port_open(uint16_t port, int ret_fds[static 2], uint16_t *ret_port)
{
	int r = -EADDRINUSE;

	/* A port that is free on one family may be taken on the other. */
	for (int i = 0; r == -EADDRINUSE && i < (port ? 1 : PORT_ATTEMPTS); i++)
		r = open_both(port, ret_fds, ret_port);
	return r;
}
