/* SPDX-License-Identifier: Apache-2.0 */
/* Opens one local UDP port on both address families, as a tunnel does. */
#ifndef LS_NET_UDP_PORT_H
#define LS_NET_UDP_PORT_H

#include <stdint.h>

#include "base/error.h"

/* ret_fds gets two non-blocking sockets, IPv4 and IPv6, bound to any address and both to `port` (0:
 * a free one); -1 for a family that this host does not support. *ret_port is 0 when there is no
 * socket. -EADDRINUSE when another socket holds the port in either family. */
int net_udp_port_open(uint16_t port, int ret_fds[static 2], uint16_t *ret_port) LS_MUST_CHECK;

#endif
