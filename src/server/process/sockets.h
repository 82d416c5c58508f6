/* SPDX-License-Identifier: Apache-2.0 */
/* The sockets that the server listens on: from its options, and from a service manager that opened
 * them (sd_listen_fds(3)). The server opens them before it gives up its privileges, so that it can
 * use a port below 1024. Connections wait in their backlog until a component serves them. */
#ifndef LS_SERVER_PROCESS_SOCKETS_H
#define LS_SERVER_PROCESS_SOCKETS_H

#include "server/options/options.h"

enum socket_use {
	SOCKET_HTTP,
	SOCKET_HTTPS,
	SOCKET_METRICS,
};

struct server_socket {
	int fd; /* listening, non-blocking; -1: a component owns it now */
	enum socket_use use;
};

enum {
	SOCKETS_MAX = 4 * OPTIONS_LISTEN_MAX
};

struct server_sockets {
	struct server_socket items[SOCKETS_MAX];
	size_t count;
};

/* Opens the sockets of the options and adds the passed ones. The name of a passed socket
 * (FileDescriptorName= of its unit) gives its use: "https", "metrics", any other name as --listen.
 * When no socket for the API is passed or asked for, it listens on 0.0.0.0:8080. Warns when one of
 * them serves plain HTTP to other hosts, unless a trusted proxy is one of those. The caller calls
 * process_sockets_done() in any case. */
int process_sockets_open(const struct options *options, struct server_sockets *ret,
                         struct ls_fail *fail) LS_MUST_CHECK;
/* Closes the sockets that no component has taken. */
void process_sockets_done(struct server_sockets *sockets);

#endif
