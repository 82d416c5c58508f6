/* SPDX-License-Identifier: Apache-2.0 */
/* What the program around an engine provides: sending, random bytes and the wall clock. */
#ifndef LS_WG_OPS_H
#define LS_WG_OPS_H

#include <stddef.h>
#include <stdint.h>

#include "crypto/keys.h"
#include "wg/path.h"

/* The engine calls all of these on the thread that owns the device. They must not call back into
 * the engine. */
struct wg_device_ops {
	/* Sends one datagram that is not part of a batch: handshakes, cookies, keepalives, staged
	 * packets. The bytes belong to the engine, which does not use them any more. */
	void (*send)(void *user, const struct wg_path *path, uint8_t *data, size_t len);
	/* How datagrams on that path would leave this host now. The engine asks when a path is new
	 * and again after wg_device_routes_changed, not for each datagram. NULL: always from the
	 * local address. */
	enum wg_route (*route)(void *user, const struct wg_path *path);
	void (*random)(void *user, void *buf, size_t len);
	/* Wall clock, for last_handshake. */
	void (*wall)(void *user, uint64_t *ret_s, uint32_t *ret_ns);
	/* The time for the TAI64N of initiations: the wall clock, but never before an earlier
	 * answer (base/stamps.h). NULL: `wall`. */
	void (*stamp)(void *user, uint64_t *ret_s, uint32_t *ret_ns);
	/* A handshake completed (the session is ready to send) or the peer's endpoint changed. May
	 * be NULL. */
	void (*peer_changed)(void *user, const struct wg_public_key *peer);
};

#endif
