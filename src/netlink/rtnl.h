/* SPDX-License-Identifier: Apache-2.0 */
/* Links, addresses and routes of a network namespace, over rtnetlink(7), on a socket of
 * NETLINK_ROUTE. socket.h describes failures. */
#ifndef LS_NETLINK_RTNL_H
#define LS_NETLINK_RTNL_H

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "wire/ip.h"

struct nl_socket;

enum {
	RTNL_PROTOCOL = 108, /* marks routes as ours (rtm_protocol) */
};

/* --- links --- */

struct rtnl_link {
	uint32_t index;
	char name[IF_NAMESIZE];
	char kind[16]; /* "tun", "wireguard", "" */
	uint32_t mtu;
	uint32_t flags; /* IFF_* */
};

/* -ENODEV when there is no such link. */
int rtnl_link_get(struct nl_socket *rtnl, const char *name, struct rtnl_link *ret,
                  struct ls_fail *fail) LS_MUST_CHECK;
int rtnl_link_get_by_index(struct nl_socket *rtnl, uint32_t index, struct rtnl_link *ret,
                           struct ls_fail *fail) LS_MUST_CHECK;
int rtnl_link_set_up(struct nl_socket *rtnl, uint32_t index, struct ls_fail *fail) LS_MUST_CHECK;
int rtnl_link_set_mtu(struct nl_socket *rtnl, uint32_t index, uint32_t mtu,
                      struct ls_fail *fail) LS_MUST_CHECK;
int rtnl_link_delete(struct nl_socket *rtnl, uint32_t index, struct ls_fail *fail) LS_MUST_CHECK;

/* --- addresses --- */

struct rtnl_address {
	uint32_t link;
	struct ls_ip ip;
	uint8_t bits;
	uint8_t scope;  /* RT_SCOPE_* */
	uint32_t flags; /* IFA_F_* */
};

struct rtnl_address_list {
	struct rtnl_address *items; /* malloced: free with rtnl_address_list_done */
	size_t count;
	size_t cap;
};

/* `link` 0 lists the addresses of all links. */
int rtnl_address_list(struct nl_socket *rtnl, uint32_t link, struct rtnl_address_list *ret,
                      struct ls_fail *fail) LS_MUST_CHECK;
void rtnl_address_list_done(struct rtnl_address_list *list);
/* -EEXIST when the address exists. IPv6 addresses are usable at once (no duplicate detection). */
int rtnl_address_add(struct nl_socket *rtnl, uint32_t link, const struct ls_prefix *address,
                     struct ls_fail *fail) LS_MUST_CHECK;
/* -EADDRNOTAVAIL when the address does not exist. */
int rtnl_address_delete(struct nl_socket *rtnl, uint32_t link, const struct ls_prefix *address,
                        struct ls_fail *fail) LS_MUST_CHECK;

/* --- routes --- */

struct rtnl_route {
	struct ls_prefix prefix;
	uint32_t table;  /* 0 in requests: main */
	uint32_t metric; /* 0 in requests: the kernel's default */
	uint32_t link;   /* output device; 0: none, or several next hops */
	struct ls_ip gateway;
	uint8_t protocol; /* RTPROT_* */
	uint8_t type;     /* RTN_* */
	uint32_t mtu;     /* from the route's metrics; 0: the link's MTU applies */
};

struct rtnl_route_list {
	struct rtnl_route *items; /* malloced: free with rtnl_route_list_done */
	size_t count;
	size_t cap;
};

/* Unicast routes with output device `link` (0: all), of all tables except the local one. */
int rtnl_route_list(struct nl_socket *rtnl, uint32_t link, struct rtnl_route_list *ret,
                    struct ls_fail *fail) LS_MUST_CHECK;
/* Unicast routes that `protocol` (RTPROT_*) has made, of all tables except the local one. */
int rtnl_route_list_of(struct nl_socket *rtnl, uint8_t protocol, struct rtnl_route_list *ret,
                       struct ls_fail *fail) LS_MUST_CHECK;
void rtnl_route_list_done(struct rtnl_route_list *list);
/* Adds a unicast route with the mark RTNL_PROTOCOL. -EEXIST when there is a route with this prefix,
 * table and metric. */
int rtnl_route_add(struct nl_socket *rtnl, const struct rtnl_route *route,
                   struct ls_fail *fail) LS_MUST_CHECK;
/* Removes a route; only those with the mark RTNL_PROTOCOL match. -ESRCH when there is none. */
int rtnl_route_delete(struct nl_socket *rtnl, const struct rtnl_route *route,
                      struct ls_fail *fail) LS_MUST_CHECK;
/* A packet whose route is asked for. */
struct rtnl_query {
	struct ls_ip to;
	struct ls_ip from; /* family NONE: the kernel chooses */
	uint32_t link;     /* the device that it has to leave through; 0: any */
	uint32_t mark;     /* 0: none */
	uint16_t udp_from; /* UDP ports, which rules may look at; 0: it is not UDP */
	uint16_t udp_to;
};

/* The route that the packet would take. -ENETUNREACH or a similar error when there is none, also
 * when `from` is an IPv4 address that this host does not have. */
int rtnl_route_find(struct nl_socket *rtnl, const struct rtnl_query *query, struct rtnl_route *ret,
                    struct ls_fail *fail) LS_MUST_CHECK;
/* The same with destination and mark only. */
int rtnl_route_lookup(struct nl_socket *rtnl, const struct ls_ip *ip, uint32_t mark,
                      struct rtnl_route *ret, struct ls_fail *fail) LS_MUST_CHECK;

#endif
