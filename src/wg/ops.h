/* SPDX-License-Identifier: Apache-2.0 */
/* What an engine asks of the program around it: a way out, random bytes and the wall clock. */
#ifndef LS_WG_OPS_H
#define LS_WG_OPS_H

#include <stddef.h>
#include <stdint.h>

#include "crypto/keys.h"
#include "wire/ip.h"

/* All are called on the thread that owns the device, from inside engine calls; they must not call
 * back into the engine. */
struct wg_device_ops {
	/* One datagram that is not part of a batch: handshakes, cookies, keepalives, staged
	 * packets. */
	void (*send)(void *user, const struct ls_endpoint *dst, const uint8_t *data, size_t len);
	void (*random)(void *user, void *buf, size_t len);
	/* Wall clock, for TAI64N and for last_handshake. */
	void (*wall)(void *user, uint64_t *ret_s, uint32_t *ret_ns);
	/* A handshake completed (the session is ready to send) or the endpoint moved. May be NULL.
	 */
	void (*peer_changed)(void *user, const struct wg_public_key *peer);
};

#endif
