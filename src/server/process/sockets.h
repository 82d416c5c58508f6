/* SPDX-License-Identifier: Apache-2.0 */
/* The sockets that the server listens on: those of its options, and those that a service manager
 * opened for it (sd_listen_fds(3)). They are opened before the process gives up its privileges, so
 * that it can have a port below 1024; connections wait in them until the server takes them over. */
#ifndef LS_SERVER_PROCESS_SOCKETS_H
#define LS_SERVER_PROCESS_SOCKETS_H

#include "server/options/options.h"

enum socket_use {
	SOCKET_HTTP,
	SOCKET_HTTPS,
	SOCKET_METRICS,
};

struct server_socket {
	int fd; /* listens, does not block; -1: taken over */
	enum socket_use use;
};

enum {
	SOCKETS_MAX = 4 * OPTIONS_LISTEN_MAX
};

struct server_sockets {
	struct server_socket items[SOCKETS_MAX];
	size_t count;
};

/* What a passed socket is for is told by its name (FileDescriptorName= of its unit): "https" and
 * "metrics" are what they say, any other what --listen would be. Only without any socket but those
 * for metrics, passed or asked for, 0.0.0.0:8080 is listened on. process_sockets_done() in any
 * case. */
int process_sockets_open(const struct options *options, struct server_sockets *ret,
                         struct ls_fail *fail) LS_MUST_CHECK;
/* Closes those that nobody took over. */
void process_sockets_done(struct server_sockets *sockets);

#endif
