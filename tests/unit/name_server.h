/* SPDX-License-Identifier: Apache-2.0 */
/* A name server in the test's process. connect and recvfrom replace those of the C library: they
 * direct queries for the name servers of resolv.conf to a UDP socket of the test on 127.0.0.1. Only
 * one file of a program may include this. */
#ifndef LS_TESTS_NAME_SERVER_H
#define LS_TESTS_NAME_SERVER_H

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

enum {
	NAME_SERVER_FDS = 256,
	NAME_SERVER_QUERY_MAX = 512,
	NAME_SERVER_HEAD = 12,
	NAME_SERVER_A = 1,
	NAME_SERVER_AAAA = 28,
};

static struct {
	int fd;
	struct sockaddr_in6 address; /* 127.0.0.1 in a form that sockets of both families take */
	struct sockaddr_storage asked[NAME_SERVER_FDS]; /* by the resolver's descriptor */
	socklen_t asked_len[NAME_SERVER_FDS];
	void (*connected)(int fd); /* NULL, or called for each socket before it is connected */
} name_server;

struct name_server_query {
	uint8_t data[NAME_SERVER_QUERY_MAX];
	size_t len;
	size_t question_end;
	unsigned kind; /* NAME_SERVER_A, .. */
	struct sockaddr_in6 from;
};

/* Under names of their own, as the C library's headers may define these inline. */
int name_server_connect(int fd, const struct sockaddr *sa, socklen_t len) __asm__("connect");
ssize_t name_server_recvfrom(int fd, void *data, size_t size, int flags, struct sockaddr *from,
                             socklen_t *from_len) __asm__("recvfrom");

int name_server_connect(int fd, const struct sockaddr *sa, socklen_t len)
{
	if (name_server.connected)
		name_server.connected(fd);
	if (fd >= NAME_SERVER_FDS) {
		errno = EMFILE;
		return -1;
	}
	memcpy(&name_server.asked[fd], sa, len);
	name_server.asked_len[fd] = len;
	if (sa->sa_family == AF_INET6)
		return (int)syscall(SYS_connect, fd, &name_server.address,
		                    sizeof(name_server.address));
	struct sockaddr_in v4 = {.sin_family = AF_INET,
	                         .sin_port = name_server.address.sin6_port,
	                         .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	return (int)syscall(SYS_connect, fd, &v4, sizeof(v4));
}

ssize_t name_server_recvfrom(int fd, void *data, size_t size, int flags, struct sockaddr *from,
                             socklen_t *from_len)
{
	ssize_t n = syscall(SYS_recvfrom, fd, data, size, flags, from, from_len);

	if (n >= 0 && from && fd < NAME_SERVER_FDS && name_server.asked_len[fd] > 0) {
		memcpy(from, &name_server.asked[fd], name_server.asked_len[fd]);
		*from_len = name_server.asked_len[fd];
	}
	return n;
}

static void name_server_open(void)
{
	socklen_t len = sizeof(name_server.address);
	const int off = 0;

	name_server.fd = socket(AF_INET6, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	name_server.address.sin6_family = AF_INET6;
	if (inet_pton(AF_INET6, "::ffff:127.0.0.1", &name_server.address.sin6_addr) != 1 ||
	    setsockopt(name_server.fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off)) < 0 ||
	    bind(name_server.fd, (struct sockaddr *)&name_server.address, len) < 0 ||
	    getsockname(name_server.fd, (struct sockaddr *)&name_server.address, &len) < 0)
		abort();
}

/* The next query that has come; false: there is none. */
static int name_server_next(struct name_server_query *ret)
{
	socklen_t from_len = sizeof(ret->from);
	ssize_t n = syscall(SYS_recvfrom, name_server.fd, ret->data, sizeof(ret->data), 0,
	                    &ret->from, &from_len);
	size_t at = NAME_SERVER_HEAD;

	if (n < NAME_SERVER_HEAD + 5)
		return 0;
	ret->len = (size_t)n;
	while (at < ret->len && ret->data[at] != 0)
		at += ret->data[at] + 1u;
	if (at + 5 > ret->len)
		abort();
	ret->kind = (unsigned)(ret->data[at + 1] << 8 | ret->data[at + 2]);
	ret->question_end = at + 5;
	return 1;
}

static void name_server_send(const struct name_server_query *query, const void *data, size_t len)
{
	if (sendto(name_server.fd, data, len, 0, (const struct sockaddr *)&query->from,
	           sizeof(query->from)) < 0 &&
	    errno != ECONNREFUSED)
		abort();
}

#endif
