/* SPDX-License-Identifier: Apache-2.0 */
/* The network around the tunnel, as this host's routes see it: from which address and through which
 * interface datagrams leave. It belongs to the network namespace of the UDP sockets. The worker
 * thread owns it. */
#ifndef LS_DATAPLANE_UNDERLAY_H
#define LS_DATAPLANE_UNDERLAY_H

#include <stdint.h>

#include "base/error.h"
#include "wg/path.h"

struct nl_socket;

struct underlay {
	int watch_fd; /* readable when addresses, routes, rules or links have changed */
	struct nl_socket *rtnl;
	struct ls_ip refused; /* a source address that the kernel refused; family NONE: none */
};

/* What decides over a datagram's route besides its path. */
struct underlay_query {
	uint32_t mark;   /* of the sockets; 0: none */
	uint16_t port;   /* ours */
	uint32_t tunnel; /* index of the tunnel's own interface; 0: it is in another namespace */
};

int dp_underlay_open(struct underlay *ret, struct ls_fail *fail) LS_MUST_CHECK;
/* Takes one that was never opened, too: zero with watch_fd -1. */
void dp_underlay_close(struct underlay *underlay);
/* Call it when watch_fd is readable, then wg_device_routes_changed. */
void dp_underlay_drain(struct underlay *underlay);
/* The kernel did not send from that address although its route is right: do not use it until the
 * routes change. */
void dp_underlay_refuse(struct underlay *underlay, const struct ls_ip *local);

/* For wg_device_ops. The local address of a path is used while this host has it and its packets to
 * the peer leave through the interface through which the peer's came. */
enum wg_route dp_underlay_route(struct underlay *underlay, const struct wg_path *path,
                                const struct underlay_query *query);

#endif
