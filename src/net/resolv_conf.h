/* SPDX-License-Identifier: Apache-2.0 */
/* What we read of resolv.conf(5) ourselves. c-ares reads the file, too, but not every version of it
 * knows name servers with a zone (fe80::1%eth0) and the option use-vc, and none says whether the
 * file names a name server at all. */
#ifndef LS_NET_RESOLV_CONF_H
#define LS_NET_RESOLV_CONF_H

#include <stdbool.h>
#include <stddef.h>

#include "wire/ip.h"

enum {
	NET_RESOLV_CONF_SERVERS_MAX = 3, /* MAXNS of the C library, which reads no more */
	NET_RESOLV_CONF_BYTES_MAX = 64 << 10,
};

struct net_resolv_conf {
	struct ls_endpoint servers[NET_RESOLV_CONF_SERVERS_MAX]; /* in the file's order; port 53 */
	size_t server_count;
	bool has_zone; /* one of them has a scope_id */
	bool use_vc;   /* TCP only */
};

/* Pure, but for the indices of interfaces. Lines that it does not understand are left out, as is a
 * name server whose interface is not there. */
void net_resolv_conf_parse(const char *text, struct net_resolv_conf *ret);
/* Of the file; one that cannot be read counts as empty. */
void net_resolv_conf_read(const char *path, struct net_resolv_conf *ret);
/* The zone of the name server with this address; 0: it has none. */
uint32_t net_resolv_conf_zone(const struct net_resolv_conf *conf, const struct ls_ip *ip);

#endif
