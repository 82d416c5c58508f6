/* SPDX-License-Identifier: Apache-2.0 */
/* The settings of the network interface that the data plane reads and changes besides the TUN
 * itself. */
#ifndef LS_DATAPLANE_NETDEV_H
#define LS_DATAPLANE_NETDEV_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

/* A netlink socket that becomes readable when links of this network namespace change. -errno. */
int dp_netdev_watch_open(void) LS_MUST_CHECK;
/* Reads and drops all messages; ask for the new state with dp_netdev_get. */
void dp_netdev_watch_drain(int fd);

/* The state of the link with this name. -ENODEV when this namespace has none. */
int dp_netdev_get(const char *name, bool *ret_up, uint32_t *ret_mtu) LS_MUST_CHECK;
int dp_netdev_index(const char *name, uint32_t *ret_index) LS_MUST_CHECK;
int dp_netdev_set_mtu(const char *name, uint32_t mtu) LS_MUST_CHECK;

/* Optional tuning, whose failure does no harm: at most `segments` packets in a super-packet, so
 * that one read leads to one send; and no link-local IPv6 address, which a tunnel does not need. */
int dp_netdev_tune(uint32_t index, uint32_t segments);

#endif
