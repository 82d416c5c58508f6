/* SPDX-License-Identifier: Apache-2.0 */
/* From the network to the tunnel: receives datagrams, decrypts them in place, joins the packets and
 * writes them to the TUN. The worker thread owns it. */
#ifndef LS_DATAPLANE_INBOUND_H
#define LS_DATAPLANE_INBOUND_H

#include <stdbool.h>
#include <stdint.h>

#include "dataplane/tun.h"
#include "dataplane/udp.h"
#include "wg/device.h"

struct inbound;

struct inbound_context {
	struct tun *tun;
	struct wg_device *device;
	uint32_t mtu;
	bool up; /* false: everything received is dropped */
	uint64_t now_ns;
};

struct inbound *dp_inbound_new(const struct tun *tun); /* NULL when out of memory */
void dp_inbound_free(struct inbound *in);
/* Handles the datagrams that wait in the socket, up to a few batches. 0 or -errno of the socket. */
int dp_inbound_run(struct inbound *in, struct udp_socket *socket,
                   const struct inbound_context *context) LS_MUST_CHECK;

#endif
