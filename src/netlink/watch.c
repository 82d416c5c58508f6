/* SPDX-License-Identifier: Apache-2.0 */
#include "netlink/watch.h"

#include <errno.h>
#include <linux/netlink.h>
#include <sys/socket.h>

#include "base/cleanup.h"

enum {
	MESSAGES_MAX = 32768, /* more than the kernel puts into one message */
};

int nl_watch_open(uint32_t groups)
{
	struct sockaddr_nl address = {.nl_family = AF_NETLINK, .nl_groups = groups};
	LS_CLOSE int fd =
	        socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);

	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		return -errno;
	return ls_steal_fd(&fd);
}

void nl_watch_drain(int fd)
{
	char buf[64];

	/* ENOBUFS means that messages were lost. That does not matter: the caller asks for the
	 * state anyway. */
	while (recv(fd, buf, sizeof(buf), MSG_DONTWAIT | MSG_TRUNC) >= 0 || errno == ENOBUFS ||
	       errno == EINTR)
		;
}

bool nl_watch_read(int fd, void (*fn)(const struct nlmsghdr *nlh, void *arg), void *arg)
{
	_Alignas(struct nlmsghdr) char buf[MESSAGES_MAX];
	bool lost = false;

	for (;;) {
		ssize_t n = recv(fd, buf, sizeof(buf), MSG_DONTWAIT);
		const struct nlmsghdr *nlh = (const void *)buf;
		int left = (int)n;

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno != ENOBUFS)
			return lost;
		lost = lost || n < 0;
		for (; mnl_nlmsg_ok(nlh, left); nlh = mnl_nlmsg_next(nlh, &left))
			fn(nlh, arg);
	}
}
