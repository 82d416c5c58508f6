/* SPDX-License-Identifier: Apache-2.0 */
/* Where a node's peers may be told to send their packets. A node that announces an address like
 * 127.0.0.1 would aim every peer at a service of the peer's own host; one inside the overlay would
 * send the tunnel's packets into the tunnel. The server keeps no such endpoint, and the client uses
 * none, whatever its server says. */
#ifndef LS_PROTO_PEER_ENDPOINT_H
#define LS_PROTO_PEER_ENDPOINT_H

#include "wire/ip.h"

/* Why no node can be reached at this address from other hosts; a static text like "it is a loopback
 * address", NULL when one can. */
const char *proto_peer_endpoint_fault(const struct ls_ip *ip);

#endif
