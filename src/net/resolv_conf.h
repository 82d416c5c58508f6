/* SPDX-License-Identifier: Apache-2.0 */
/* The part of resolv.conf(5) that we read ourselves. c-ares reads the file, too, but not every
 * version knows name servers with a zone (fe80::1%eth0) and the option use-vc, and no version tells
 * whether the file names a name server at all. */
#ifndef LS_NET_RESOLV_CONF_H
#define LS_NET_RESOLV_CONF_H

#include <stdbool.h>
#include <stddef.h>

#include "wire/ip.h"

enum {
	NET_RESOLV_CONF_SERVERS_MAX = 3, /* MAXNS: the C library reads no more */
	NET_RESOLV_CONF_BYTES_MAX = 64 << 10,
};

struct net_resolv_conf {
	struct ls_endpoint servers[NET_RESOLV_CONF_SERVERS_MAX]; /* in the file's order; port 53 */
	size_t server_count;
	bool has_zone; /* a server has a scope_id */
	bool use_vc;   /* TCP only */
};

/* Has no side effects, but asks the kernel for the indexes of interfaces. Skips lines that it does
 * not understand, and name servers on an interface that does not exist. */
void net_resolv_conf_parse(const char *text, struct net_resolv_conf *ret);
/* Reads the file; one that cannot be read counts as empty. */
void net_resolv_conf_read(const char *path, struct net_resolv_conf *ret);
/* The zone of the name server with this address; 0 when it has none. */
uint32_t net_resolv_conf_zone(const struct net_resolv_conf *conf, const struct ls_ip *ip);

#endif
