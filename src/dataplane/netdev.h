/* SPDX-License-Identifier: Apache-2.0 */
/* What the data plane needs to know and set of its network interface beyond the TUN itself. */
#ifndef LS_DATAPLANE_NETDEV_H
#define LS_DATAPLANE_NETDEV_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

/* A netlink socket that becomes readable when links of this network namespace change. -errno. */
int dp_netdev_watch_open(void) LS_MUST_CHECK;
/* Empties the socket; what changed is then asked for with dp_netdev_get. */
void dp_netdev_watch_drain(int fd);

/* State of a link by name. -ENODEV when it is not in this namespace. */
int dp_netdev_get(const char *name, bool *ret_up, uint32_t *ret_mtu) LS_MUST_CHECK;
int dp_netdev_index(const char *name, uint32_t *ret_index) LS_MUST_CHECK;
int dp_netdev_set_mtu(const char *name, uint32_t mtu) LS_MUST_CHECK;

/* Best effort, for speed and quiet only: at most `segments` packets in a super-packet, so that one
 * read makes one send; and no link-local IPv6 address, which a tunnel has no use for. */
int dp_netdev_tune(uint32_t index, uint32_t segments);

#endif
