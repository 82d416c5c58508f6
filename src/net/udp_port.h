/* SPDX-License-Identifier: Apache-2.0 */
/* One local UDP port on both address families, as a tunnel has it. */
#ifndef LS_NET_UDP_PORT_H
#define LS_NET_UDP_PORT_H

#include <stdint.h>

#include "base/error.h"

/* Two non-blocking sockets on any address, IPv4's and IPv6's, both on `port` (0: one that is free);
 * -1 for a family that this host has not. *ret_port is 0 when it has none. -EADDRINUSE when another
 * socket holds the port on either. */
int net_udp_port_open(uint16_t port, int ret_fds[static 2], uint16_t *ret_port) LS_MUST_CHECK;

#endif
