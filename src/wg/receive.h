/* SPDX-License-Identifier: Apache-2.0 */
/* What an engine receives from the network. device.h says which thread and which clock. */
#ifndef LS_WG_RECEIVE_H
#define LS_WG_RECEIVE_H

#include <stddef.h>
#include <stdint.h>

#include "wg/path.h"

struct wg_device;
struct wg_peer;

/* One received datagram; it is decrypted in place. */
struct wg_open {
	uint8_t *data;
	size_t len;
	uint8_t *packet; /* out: the inner IP packet without padding, inside `data`; NULL when there
	                    is nothing to deliver */
	/* out, when `packet` is set: */
	size_t packet_len;
	struct wg_peer *peer; /* who sent it */
};

/* Handles n datagrams that came on one path, in order. Handshakes, cookies and
 * keepalives are handled inside; ops->send sends the answers. */
void wg_device_open(struct wg_device *dev, const struct wg_path *path, struct wg_open *datagrams,
                    size_t n, uint64_t now_ns);

#endif
