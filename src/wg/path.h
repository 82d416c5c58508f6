/* SPDX-License-Identifier: Apache-2.0 */
/* The path of a peer's datagrams. The kernel's WireGuard calls it the peer's endpoint. */
#ifndef LS_WG_PATH_H
#define LS_WG_PATH_H

#include <stdint.h>

#include "wire/ip.h"

struct wg_path {
	struct ls_endpoint remote; /* where the peer is; family NONE: unknown */
	struct ls_ip local; /* the address of this host that the peer talks to; family NONE: the
	                       host's routing chooses one */
	uint32_t link; /* the interface through which its datagrams came, when `local` is known */
};

/* How datagrams on a path would leave this host now. */
enum wg_route {
	WG_ROUTE_FROM_LOCAL,  /* from the path's local address, if it has one */
	WG_ROUTE_FROM_ANY,    /* not from that address any more: the host's routing chooses one */
	WG_ROUTE_INTO_TUNNEL, /* back into this tunnel: nothing must be sent */
};

#endif
