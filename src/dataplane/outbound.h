/* SPDX-License-Identifier: Apache-2.0 */
/* From the tunnel to the network: reads packets from the TUN, splits, encrypts and sends them in
 * batches. The worker thread owns it.
 *
 * Encrypted packets lie next to each other in one arena, so that packets of one peer and size are
 * sent as one train. The packets of a peer keep their order. Within a batch, the packets of one
 * peer are sent before those of the next. */
#ifndef LS_DATAPLANE_OUTBOUND_H
#define LS_DATAPLANE_OUTBOUND_H

#include <stdint.h>

#include "dataplane/netdev.h"
#include "dataplane/tun.h"
#include "dataplane/udp.h"
#include "wg/device.h"

struct outbound;

/* The objects that a round uses; borrowed for the call. */
struct outbound_context {
	const struct tun *tun;
	struct netdev *netdev;
	struct udp *udp;
	struct wg_device *device;
	uint32_t mtu;        /* of the interface: no packet is longer */
	uint32_t packet_mtu; /* what wg_device_set_mtu got */
	uint64_t now_ns;
};

struct outbound *dp_outbound_new(void); /* NULL when out of memory */
void dp_outbound_free(struct outbound *out);
/* Handles the packets that wait in the TUN, up to a few batches, so that the other direction has
 * its turn. 0 or the error of reading the TUN. */
int dp_outbound_run(struct outbound *out, const struct outbound_context *context) LS_MUST_CHECK;

#endif
