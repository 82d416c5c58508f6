/* SPDX-License-Identifier: Apache-2.0 */
/* Hears of changes that anyone makes to the network of this host. Any thread. */
#ifndef LS_NETLINK_WATCH_H
#define LS_NETLINK_WATCH_H

#include <libmnl/libmnl.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

/* A non-blocking netlink socket that becomes readable when something of these groups (bits of
 * sockaddr_nl) changes in this thread's namespace. -errno. */
int nl_watch_open(uint32_t groups) LS_MUST_CHECK;
/* Reads and drops all messages. */
void nl_watch_drain(int fd);
/* Calls `fn` with each message that waits. True when messages were lost: there may have been
 * any. */
bool nl_watch_read(int fd, void (*fn)(const struct nlmsghdr *nlh, void *arg), void *arg);

#endif
