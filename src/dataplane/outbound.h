/* SPDX-License-Identifier: Apache-2.0 */
/* From the tunnel to the network: reads the TUN dry, splits, seals and sends in batches. Owned by
 * the worker thread.
 *
 * Packets lie sealed end to end in one arena, so that those of one peer and size leave as one
 * train. A peer's packets keep their order; peers of one batch go one after the other. */
#ifndef LS_DATAPLANE_OUTBOUND_H
#define LS_DATAPLANE_OUTBOUND_H

#include <stdint.h>

#include "dataplane/tun.h"
#include "dataplane/udp.h"
#include "wg/device.h"

struct outbound;

/* What a round works with; borrowed for the call. */
struct outbound_context {
	const struct tun *tun;
	struct udp *udp;
	struct wg_device *device;
	uint32_t mtu;
	uint64_t now_ns;
};

struct outbound *dp_outbound_new(void); /* NULL when memory is gone */
void dp_outbound_free(struct outbound *out);
/* Handles what waits in the TUN, up to a few batches so that the other direction gets its turn.
 * 0 or what reading the TUN gave. */
int dp_outbound_run(struct outbound *out, const struct outbound_context *context) LS_MUST_CHECK;

#endif
