/* SPDX-License-Identifier: Apache-2.0 */
/* One request and its answers on an rtnetlink socket: what the files of this folder share. */
#ifndef LS_NETLINK_MESSAGE_H
#define LS_NETLINK_MESSAGE_H

#include <libmnl/libmnl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "netlink/rtnl.h"

/* The socket's one request buffer, begun with type and flags (NLM_F_REQUEST is added). */
struct nlmsghdr *nl_begin(struct rtnl *rtnl, uint16_t type, uint16_t flags);

enum {
	DUMP_TRIES = 8, /* a dump that a change interrupted may lack entries: it is begun again */
};

/* Called for every answer that is neither an error nor an end; returns 0 or -errno, which ends the
 * reading of values but not of answers. */
typedef int (*message_fn)(const struct nlmsghdr *nlh, void *data);

/* Sends the begun request and reads until its end. 0 or -errno. NLM_F_ACK is added where no dump is
 * wanted. `write` counts it in rtnl_writes. A dump that the kernel had to interrupt is -EINTR. */
int nl_run(struct rtnl *rtnl, struct nlmsghdr *nlh, bool write, message_fn fn,
           void *data) LS_MUST_CHECK;

/* Sets "cannot <what>: <reason>" with the kernel's own words about the last request. */
int nl_fail(const struct rtnl *rtnl, struct ls_fail *fail, int code, const char *fmt, ...)
        LS_PRINTF(4, 5);

/* Attributes by type: table[t] is NULL or the attribute t < count. */
void nl_attributes(const struct nlmsghdr *nlh, size_t header_len, const struct nlattr **table,
                   size_t count);
void nl_nested(const struct nlattr *nest, const struct nlattr **table, size_t count);
/* 0 when absent or too short. */
uint32_t nl_get_u32(const struct nlattr *attr);
/* False when absent or not an address of the family. */
bool nl_get_ip(const struct nlattr *attr, unsigned char family, struct ls_ip *ret);

void nl_put_ip(struct nlmsghdr *nlh, uint16_t type, const struct ls_ip *ip);
/* AF_INET or AF_INET6. */
unsigned char nl_ip_family(const struct ls_ip *ip);

#endif
