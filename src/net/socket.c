/* SPDX-License-Identifier: Apache-2.0 */
#include "net/socket.h"

#include <errno.h>
#include <event2/util.h>
#include <sys/socket.h>

#include "base/cleanup.h"

/* Sets the flags when the socket is created, if the system can do that. */
static int open_plain(int family, int type)
{
#if defined(SOCK_NONBLOCK) && defined(SOCK_CLOEXEC)
	int fd = socket(family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	return fd < 0 ? -errno : fd;
#else
	LS_CLOSE int fd = socket(family, type, 0);

	if (fd < 0 || evutil_make_socket_nonblocking(fd) < 0 ||
	    evutil_make_socket_closeonexec(fd) < 0)
		return -errno;
	return ls_steal_fd(&fd);
#endif
}

static int set_mark(int fd, uint32_t mark)
{
#ifdef SO_MARK
	return setsockopt(fd, SOL_SOCKET, SO_MARK, &mark, sizeof(mark)) < 0 ? -errno : 0;
#else
	(void)fd;
	(void)mark;
	return -ENOTSUP;
#endif
}

int net_socket_open(int family, int type, uint32_t mark)
{
	LS_CLOSE int fd = open_plain(family, type);
	int r;

	if (fd < 0)
		return fd;
	r = mark == 0 ? 0 : set_mark(fd, mark);
	return r < 0 ? r : ls_steal_fd(&fd);
}
