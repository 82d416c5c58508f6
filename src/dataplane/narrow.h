/* SPDX-License-Identifier: Apache-2.0 */
/* Finds paths on which large datagrams are lost although nobody says so: over IPv6, routers do not
 * fragment, and firewalls drop their "packet too big". Without I/O.
 *
 * The sign is a TCP segment, too long for a narrow path, which is sent again and again while small
 * datagrams of the peer arrive. To know the latter, the caller asks the peer for a handshake. */
#ifndef LS_DATAPLANE_NARROW_H
#define LS_DATAPLANE_NARROW_H

#include <stddef.h>
#include <stdint.h>

enum {
	/* What the sender is to use then. With our headers, a packet of IPv4 fits the smallest path
	 * of IPv6. IPv6 inside allows no less than its own minimum, which needs a path of 1360. */
	NARROW_MTU_V4 = 1200,
	NARROW_MTU_V6 = 1280,
	NARROW_FLOWS = 32,
};

struct narrow {
	struct narrow_flow {
		uint64_t id;    /* a hash of addresses and ports; 0: none */
		uint64_t heard; /* from the peer, when the segment was seen first */
		uint64_t last_ns;
		uint32_t sequence;
		uint8_t seen; /* times */
	} flows[NARROW_FLOWS];
};

enum narrow_advice {
	NARROW_NOTHING,
	NARROW_ASK,     /* find out whether the peer can be reached at all */
	NARROW_TOO_BIG, /* tell the sender of the packet to send shorter ones */
};

/* Looks at a packet that goes to a peer over IPv6. `heard` is the number of bytes that were
 * received from the peer so far. */
enum narrow_advice dp_narrow_note(struct narrow *narrow, const uint8_t *packet, size_t len,
                                  uint64_t heard, uint64_t now_ns);

#endif
